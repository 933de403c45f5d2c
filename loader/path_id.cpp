#include "loader/path_id.h"

#include <cstring>

#include "bpf/siphash.h"

namespace ringwall::loader {
namespace {

// Components in reverse order, joined with '/'; empty ones are dropped.
std::string reversed(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto slash = path.rfind('/');
        const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
        if (!name.empty()) {
            if (!out.empty())
                out += '/';
            out += name;
        }
        path = slash == std::string_view::npos ? "" : path.substr(0, slash);
    }
    return out;
}

} // namespace

std::string leaf_first(std::string_view absolute_path) {
    return reversed(absolute_path);
}

std::string root_first(std::string_view text) {
    if (text == "[kernel]")
        return std::string(text);
    return "/" + reversed(text);
}

std::uint64_t text_id(std::string_view text, const Secret& secret) {
    const __u64 key[2] = {secret[0], secret[1]};
    rw_siphash hash;
    rw_sip_init(&hash, key);
    for (std::size_t at = 0; at < text.size(); at += 8) {
        __u64 word = 0;
        std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, text.size() - at));
        rw_sip_word(&hash, word);
    }
    return rw_sip_end(&hash, text.size());
}

std::uint64_t words_id(std::span<const std::uint64_t> words, std::size_t length,
                       const Secret& secret) {
    const __u64 key[2] = {secret[0], secret[1]};
    rw_siphash hash;
    rw_sip_init(&hash, key);
    for (const auto word : words)
        rw_sip_word(&hash, word);
    return rw_sip_end(&hash, length);
}

} // namespace ringwall::loader
