#include <algorithm>
#include <charconv>

#include "common/ip.h"
#include "control/alerts/config.h"

namespace ringwall::alerts {
namespace {

bool printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](unsigned char c) {
        return std::isalnum(c) || c == '.' || c == '-' || c == '_';
    });
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && stop == end && port > 0 && port < 65536;
}

// "HOST", "HOST:PORT", "[2001:db8::1]:PORT"
bool read_authority(std::string_view text, Endpoint& out) {
    const bool bracket = text.starts_with('[');
    const auto end = bracket ? text.find(']') : std::min(text.find(':'), text.size());
    if (end == text.npos)
        return false;
    out.host = text.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
    auto rest = text.substr(end + (bracket ? 1 : 0));
    const auto address = Address::parse(out.host);
    if (bracket ? !address || address->is_v4() : !is_name(out.host))
        return false;
    if (rest.empty())
        return true;
    out.port = rest.substr(1);
    return rest.front() == ':' && is_port(out.port);
}

std::optional<Endpoint> parse(std::string_view text, std::string_view scheme, const char* port) {
    Endpoint out{.port = port, .text = std::string(text)};
    if (!text.starts_with(scheme) || !printable_ascii(text))
        return std::nullopt;
    text.remove_prefix(scheme.size());
    const auto slash = std::min(text.find_first_of("/?#"), text.size());
    if (!read_authority(text.substr(0, slash), out) || text.contains('#'))
        return std::nullopt;
    out.target = text.substr(slash);
    return out;
}

} // namespace

std::optional<Endpoint> parse_collector(std::string_view text) {
    auto out = parse(text, "tls://", "6514");
    if (out)
        out->tls = true;
    else
        out = parse(text, "tcp://", "514");
    return out && out->target.empty() ? out : std::nullopt;
}

std::optional<Endpoint> parse_url(std::string_view text) {
    auto out = parse(text, "https://", "443");
    if (out)
        out->tls = true;
    else
        out = parse(text, "http://", "80");
    if (out && !out->target.starts_with('/'))
        out->target.insert(0, "/");
    return out;
}

} // namespace ringwall::alerts
