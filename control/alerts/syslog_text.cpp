#include "control/alerts/syslog_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/alerts/text.h"

namespace ringwall::alerts {
namespace {

constexpr std::size_t longest_value = 1024, longest_sentence = 2048, longest_data = 5000;

// Printable ASCII without spaces, as the header's fields are; "-" where nothing is left.
std::string header_field(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most))
        out += c > ' ' && c < 0x7f ? c : '?';
    return out.empty() ? "-" : out;
}

std::string param_name(std::string_view text) {
    auto out = header_field(text, 32);
    std::ranges::replace_if(out, [](char c) { return c == '=' || c == ']' || c == '"'; }, '?');
    return out;
}

std::string param(std::string_view name, std::string_view value) {
    std::string out = fmt::format(" {}=\"", param_name(name));
    for (const char c : printable(value, longest_value)) {
        if (c == '"' || c == '\\' || c == ']')
            out += '\\';
        out += c;
    }
    return out += '"';
}

std::string structured_data(const Alert& alert, const Origin& origin) {
    std::string out = "[ringwall@32473";
    out += param("id", origin.id(alert));
    out += param("kind", info(alert.kind).name);
    out += param("count", std::to_string(alert.count));
    out += param("first", rfc3339(alert.first_ns));
    out += param("last", rfc3339(alert.last_ns));
    for (const auto& [name, value] : alert.fields) {
        const auto next = param(name, value);
        if (out.size() + next.size() > longest_data) {
            out += param("truncated", "yes");
            break;
        }
        out += next;
    }
    return out += ']';
}

} // namespace

std::string syslog_message(const Alert& alert, const Origin& origin, int facility) {
    const auto& kind = info(alert.kind);
    return fmt::format("<{}>1 {} {} {} {} {} {} \xef\xbb\xbf{}",
                       facility * 8 + static_cast<int>(kind.severity), rfc3339(alert.last_ns),
                       header_field(origin.host, 255), header_field(origin.program, 48), origin.pid,
                       kind.name, structured_data(alert, origin),
                       printable(alert.sentence, longest_sentence));
}

std::string framed(std::string_view message) {
    return fmt::format("{} {}", message.size(), message);
}

} // namespace ringwall::alerts
