#include "control/alerts/text.h"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace ringwall::alerts {
namespace {

struct Character {
    std::size_t bytes = 1;
    char32_t code = 0xfffd; // what stands for a byte that is no UTF-8
};

std::size_t length_by(unsigned char first) {
    return first < 0x80             ? 1
           : (first & 0xe0) == 0xc0 ? 2
           : (first & 0xf0) == 0xe0 ? 3
           : (first & 0xf8) == 0xf0 ? 4
                                    : 0;
}

// The first character; overlong forms and surrogates are no characters.
Character character(std::string_view text) {
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const auto first = static_cast<unsigned char>(text[0]);
    const auto bytes = length_by(first);
    if (bytes == 1)
        return {1, first};
    if (bytes == 0 || bytes > text.size())
        return {};
    char32_t code = first & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80)
            return {};
        code = code << 6 | (next & 0x3fU);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[bytes] || code > 0x10ffff || surrogate ? Character{}
                                                                  : Character{bytes, code};
}

bool hidden(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || // C0, DEL, C1
           (c >= 0x200b && c <= 0x200f) ||        // zero width, direction marks
           (c >= 0x2028 && c <= 0x202e) ||        // separators, embeddings, overrides
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x061c;
}

} // namespace

std::string printable(std::string_view text, std::size_t most) {
    constexpr std::string_view cut = "...";
    std::string out;
    std::size_t end = 0; // where "..." still fits
    while (!text.empty()) {
        const auto next = character(text);
        if (hidden(next.code))
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(next.code));
        else if (next.code == 0xfffd)
            out += "\xef\xbf\xbd";
        else
            out += text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
        if (out.size() > most) {
            out.resize(end);
            return out += cut;
        }
        if (out.size() + cut.size() <= most)
            end = out.size();
    }
    return out;
}

std::string rfc3339(std::int64_t ns_since_1970) {
    using namespace std::chrono;
    const sys_time<nanoseconds> time{nanoseconds(ns_since_1970)};
    const auto whole = floor<seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", whole,
                       floor<microseconds>(time - whole).count());
}

} // namespace ringwall::alerts
