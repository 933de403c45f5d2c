// Packets as a test says them: `tcp4(there4, here4, 4000, 80, syn)`.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ringwall::test {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t fin = 1, syn = 2, rst = 4, ack = 16;

inline void put16(Bytes& out, std::uint16_t v) {
    out.push_back(v >> 8);
    out.push_back(v & 0xff);
}

inline Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Bytes tcp(std::uint16_t sport, std::uint16_t dport, std::uint8_t flags,
                 std::size_t data = 0) {
    Bytes out;
    put16(out, sport);
    put16(out, dport);
    out.insert(out.end(), 8, 0);
    out.push_back(5 << 4);
    out.push_back(flags);
    out.insert(out.end(), 6, 0);
    out.insert(out.end(), data, 'x');
    return out;
}

inline Bytes udp(std::uint16_t sport, std::uint16_t dport, std::size_t data = 4) {
    Bytes out;
    put16(out, sport);
    put16(out, dport);
    put16(out, static_cast<std::uint16_t>(8 + data));
    put16(out, 0);
    out.insert(out.end(), data, 'x');
    return out;
}

inline Bytes icmp(std::uint8_t type, std::uint8_t code, const Bytes& quoted = {}) {
    Bytes out{type, code, 0, 0, 0, 1, 0, 1};
    return out + quoted;
}

struct Ip4 {
    std::string from, to;
    std::uint8_t protocol;
    std::uint16_t fragment = 0; // offset in 8-byte units, 0x2000: more follow
    Bytes options = {};         // multiple of 4
    std::uint8_t ttl = 64;
};

inline Bytes ip4(const Ip4& h, const Bytes& payload) {
    Bytes out{static_cast<std::uint8_t>(0x40 | (5 + h.options.size() / 4)), 0};
    put16(out, static_cast<std::uint16_t>(20 + h.options.size() + payload.size()));
    put16(out, 1);
    put16(out, h.fragment);
    out.push_back(h.ttl);
    out.push_back(h.protocol);
    put16(out, 0);
    out.resize(20);
    inet_pton(AF_INET, h.from.c_str(), &out[12]);
    inet_pton(AF_INET, h.to.c_str(), &out[16]);
    return out + h.options + payload;
}

struct Ip6 {
    std::string from, to;
    std::uint8_t next;
    std::uint8_t hops = 64;
};

inline Bytes ip6(const Ip6& h, const Bytes& payload) {
    Bytes out{0x60, 0, 0, 0};
    put16(out, static_cast<std::uint16_t>(payload.size()));
    out.push_back(h.next);
    out.push_back(h.hops);
    out.resize(40);
    inet_pton(AF_INET6, h.from.c_str(), &out[8]);
    inet_pton(AF_INET6, h.to.c_str(), &out[24]);
    return out + payload;
}

// An extension header of 8 * (1 + more) bytes.
inline Bytes extension(std::uint8_t next, std::uint8_t more = 0) {
    Bytes out{next, more};
    out.resize(8 * (1 + more));
    return out;
}

inline Bytes fragment6(std::uint8_t next, std::uint16_t offset_units) {
    Bytes out{next, 0};
    put16(out, static_cast<std::uint16_t>(offset_units << 3));
    out.resize(8);
    return out;
}

} // namespace ringwall::test
