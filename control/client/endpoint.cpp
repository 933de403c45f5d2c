#include "control/client/endpoint.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace ringwall::client {
namespace {

std::unexpected<Error> not_an_endpoint(std::string_view text) {
    return std::unexpected(
        Error{Errc::bad_request, fmt::format("'{}' is no address of a controller; write for "
                                             "example https://controller.example:8443",
                                             text)});
}

bool is_unreserved(unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_host(std::string_view host, bool bracketed) {
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [&](unsigned char c) {
        return std::isalnum(c) || c == '.' || c == '-' || (bracketed && (c == ':' || c == '%'));
    });
}

} // namespace

std::string Endpoint::text() const {
    const bool v6 = host.find(':') != host.npos;
    return fmt::format("https://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    auto rest = text;
    if (rest.starts_with("https://"))
        rest.remove_prefix(8);
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    Endpoint out;
    const bool bracketed = rest.starts_with('[');
    const auto end = bracketed ? rest.find(']') : rest.find(':');
    out.host = rest.substr(bracketed, end == rest.npos ? end : end - bracketed);
    if (!is_host(out.host, bracketed) || (bracketed && end == rest.npos))
        return not_an_endpoint(text);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + bracketed);
    if (rest.empty())
        return out;
    const auto [stop, error] =
        std::from_chars(rest.data() + 1, rest.data() + rest.size(), out.port);
    if (rest[0] != ':' || error != std::errc{} || stop != rest.data() + rest.size() ||
        out.port == 0)
        return not_an_endpoint(text);
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const unsigned char c : text)
        if (is_unreserved(c))
            out += static_cast<char>(c);
        else
            out += fmt::format("%{:02X}", c);
    return out;
}

std::string target(std::initializer_list<std::string_view> path, const Query& query) {
    std::string out = "/api/v1";
    for (const auto part : path)
        out += "/" + percent_encoded(part);
    char before = '?';
    for (const auto& [key, value] : query) {
        out += fmt::format("{}{}={}", before, key, percent_encoded(value));
        before = '&';
    }
    return out;
}

} // namespace ringwall::client
