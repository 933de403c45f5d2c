#include "common/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ringwall {
namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int family_offset(const Address& a) {
    return a.is_v4() ? 96 : 0;
}

bool bit(const Address& a, int index) {
    return a.bytes[index / 8] >> (7 - index % 8) & 1;
}

void set_bit(Address& a, int index, bool value) {
    const std::uint8_t mask = 1u << (7 - index % 8);
    a.bytes[index / 8] = value ? a.bytes[index / 8] | mask : a.bytes[index / 8] & ~mask;
}

// All bits from `index` on set to `value`.
Address filled(Address a, int index, bool value) {
    for (; index < 128; ++index)
        set_bit(a, index, value);
    return a;
}

bool same_bits(const Address& a, const Address& b, int count) {
    for (int i = 0; i < count; ++i)
        if (bit(a, i) != bit(b, i))
            return false;
    return true;
}

void cover_into(const Prefix& node, const Address& first, const Address& last,
                std::vector<Prefix>& out) {
    const int end = family_offset(node.address) + node.length;
    const Address low = node.address;
    const Address high = filled(node.address, end, true);
    if (high < first || low > last)
        return;
    if (first <= low && high <= last) {
        out.push_back(node);
        return;
    }
    Prefix left{low, static_cast<std::uint8_t>(node.length + 1)};
    Prefix right = left;
    set_bit(right.address, end, true);
    cover_into(left, first, last, out);
    cover_into(right, first, last, out);
}

} // namespace

std::optional<Address> Address::parse(std::string_view text) {
    const std::string copy(text);
    Address a;
    in_addr v4{};
    if (inet_pton(AF_INET, copy.c_str(), &v4) == 1)
        return Address::v4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, copy.c_str(), a.bytes.data()) == 1)
        return a;
    return std::nullopt;
}

Address Address::v4(std::uint32_t host_order) {
    Address a;
    std::ranges::copy(v4_mapped, a.bytes.begin());
    const std::uint32_t net = htonl(host_order);
    std::memcpy(a.bytes.data() + 12, &net, 4);
    return a;
}

bool Address::is_v4() const {
    return std::equal(v4_mapped.begin(), v4_mapped.end(), bytes.begin());
}

std::string Address::text() const {
    char out[INET6_ADDRSTRLEN];
    if (is_v4())
        return inet_ntop(AF_INET, bytes.data() + 12, out, sizeof out);
    return inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = Address::parse(text.substr(0, slash));
    if (!address)
        return std::nullopt;
    if (slash == std::string_view::npos)
        return host(*address);
    const auto digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const int offset = family_offset(*address);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty() ||
        length > 128u - offset)
        return std::nullopt;
    if (filled(*address, offset + static_cast<int>(length), false) != *address)
        return std::nullopt;
    return Prefix{*address, static_cast<std::uint8_t>(length)};
}

Prefix Prefix::host(const Address& address) {
    return {address, static_cast<std::uint8_t>(128 - family_offset(address))};
}

bool Prefix::is_host() const {
    return length == 128 - family_offset(address);
}

bool Prefix::contains(const Address& other) const {
    return address.is_v4() == other.is_v4() &&
           same_bits(address, other, family_offset(address) + length);
}

bool Prefix::contains(const Prefix& other) const {
    return length <= other.length && contains(other.address);
}

std::string Prefix::text() const {
    return is_host() ? address.text() : address.text() + "/" + std::to_string(length);
}

std::vector<Prefix> cover(const Address& first, const Address& last) {
    std::vector<Prefix> out;
    if (first > last || first.is_v4() != last.is_v4())
        return out;
    const Address root = first.is_v4() ? Address::v4(0) : Address{};
    cover_into({root, 0}, first, last, out);
    return out;
}

} // namespace ringwall
