#include "control/policy/encoding.h"

#include <fmt/format.h>

namespace ringwall::policy {
namespace {

struct Form {
    int bytes;           // 0: not the first byte of a character
    unsigned first_bits; // payload of the first byte
    unsigned smallest;   // code points below are overlong
};

Form form_of(unsigned char first) {
    if (first < 0x80)
        return {1, first, 0};
    if ((first & 0xe0) == 0xc0)
        return {2, first & 0x1fu, 0x80};
    if ((first & 0xf0) == 0xe0)
        return {3, first & 0x0fu, 0x800};
    if ((first & 0xf8) == 0xf0)
        return {4, first & 0x07u, 0x10000};
    return {0, 0, 0};
}

// Length of the character at the start of `text`, 0 if it is not valid UTF-8.
int character(std::string_view text, unsigned& code) {
    const Form form = form_of(static_cast<unsigned char>(text[0]));
    if (form.bytes == 0 || text.size() < static_cast<std::size_t>(form.bytes))
        return 0;
    code = form.first_bits;
    for (int i = 1; i < form.bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (next & 0x3fu);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < form.smallest || code > 0x10ffff || surrogate ? 0 : form.bytes;
}

bool forbidden(unsigned code) {
    return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
           (code >= 0x7f && code < 0xa0);
}

} // namespace

std::optional<model::Problem> check_encoding(std::string_view text, const std::string& file) {
    Place place{file, 1, 1};
    for (std::size_t at = 0; at < text.size();) {
        unsigned code = 0;
        const int bytes = character(text.substr(at), code);
        if (bytes == 0)
            return model::Problem{place, fmt::format("byte 0x{:02x} is not UTF-8; save the file "
                                                     "as UTF-8",
                                                     static_cast<unsigned char>(text[at]))};
        if (forbidden(code))
            return model::Problem{place,
                                  fmt::format("control character U+{:04X}; remove it", code)};
        at += static_cast<std::size_t>(bytes);
        place.line += code == '\n';
        place.column = code == '\n' ? 1 : place.column + 1;
    }
    return std::nullopt;
}

} // namespace ringwall::policy
