// Ids as the kernel computes them (bpf/process.h): keyed SipHash; paths with their components leaf
// first.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringwall::loader {

using Secret = std::array<std::uint64_t, 2>;

// "/usr/sbin/named" <-> "named/sbin/usr"
std::string leaf_first(std::string_view absolute_path);
std::string root_first(std::string_view text);

std::uint64_t text_id(std::string_view text, const Secret& secret);
// Files (inode, device, change time; length 24), group lists and principals (length: the count).
std::uint64_t words_id(std::span<const std::uint64_t> words, std::size_t length,
                       const Secret& secret);
inline std::uint64_t path_id(std::string_view absolute_path, const Secret& secret) {
    return text_id(leaf_first(absolute_path), secret);
}

} // namespace ringwall::loader
