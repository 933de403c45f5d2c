// Keys of several parts -> one number for a hash table. Not for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/ip.h"

namespace ringwall {

inline std::size_t mix(std::size_t hash, std::uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15ull + (hash << 12) + (hash >> 4);
    hash *= 0xbf58476d1ce4e5b9ull;
    return hash ^ (hash >> 29);
}

inline std::size_t mix(std::size_t hash, const Address& address) {
    std::uint64_t half[2];
    std::memcpy(half, address.bytes.data(), sizeof half);
    return mix(mix(hash, half[0]), half[1]);
}

} // namespace ringwall
