// SHA-256 of a text.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace ringwall::store {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view text);
std::string hex(const Digest& digest);

} // namespace ringwall::store
