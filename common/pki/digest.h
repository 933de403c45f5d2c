// SHA-256, hexadecimal text, random bytes, and comparison that tells nothing by its duration.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringwall::pki {

std::string sha256(std::string_view bytes);     // 32 bytes
std::string sha256_hex(std::string_view bytes); // 64 lower-case digits
std::string hex(std::string_view bytes);

// Lower-case digits only, exactly `digits` of them.
bool is_hex(std::string_view text, std::size_t digits);

// From the system's generator, for keys and tokens; throws std::runtime_error when it has none.
std::string random_bytes(std::size_t count);

// For secrets: the time depends on the lengths only.
bool equal_in_constant_time(std::string_view one, std::string_view other);

} // namespace ringwall::pki
