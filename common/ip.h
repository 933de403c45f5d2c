// IP addresses and prefixes as plain values: 16 bytes, IPv4 kept v4-mapped (::ffff:a.b.c.d).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringwall {

struct Address {
    std::array<std::uint8_t, 16> bytes{}; // network byte order

    // "10.0.0.1" or "2001:db8::1"; nothing else is accepted (no zone, no port).
    static std::optional<Address> parse(std::string_view text);
    static Address v4(std::uint32_t host_order);
    bool is_v4() const;
    std::string text() const; // an IPv4 address prints in dotted form
    auto operator<=>(const Address&) const = default;
};

// length counts bits of the address family: 0..32 for IPv4, 0..128 for IPv6. Host bits are zero.
struct Prefix {
    Address address;
    std::uint8_t length = 0;

    // "10.0.0.0/8", "10.0.0.1" (a host), "2001:db8::/32"; refuses set host bits.
    static std::optional<Prefix> parse(std::string_view text);
    static Prefix host(const Address& address);
    bool is_host() const;
    bool contains(const Address& other) const;
    bool contains(const Prefix& other) const;
    std::string text() const; // hosts print without a length
    auto operator<=>(const Prefix&) const = default;
};

// The fewest prefixes that cover [first, last]; empty when first > last or the families differ.
std::vector<Prefix> cover(const Address& first, const Address& last);

} // namespace ringwall
