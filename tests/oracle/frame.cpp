#include "tests/oracle/frame.h"

#include <algorithm>

namespace ringwall::oracle {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t other_port = 40'000; // of the connecting end
constexpr std::uint8_t destination_options = 60, fragment_header = 44, no_operation = 1;

void put16(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}

Bytes transport(const Flow& flow) {
    Bytes out;
    if (flow.fragment)
        return Bytes(32, 0x55); // from the middle of a payload
    if (flow.protocol == 1 || flow.protocol == 58) {
        out = {flow.icmp_type, flow.icmp_code};
        out.resize(16);
        return out;
    }
    const bool ports =
        flow.protocol == 6 || flow.protocol == 17 || flow.protocol == 132 || flow.protocol == 136;
    if (ports) {
        put16(out, other_port); // source: whoever connects
        put16(out, flow.port);  // destination: the service
    }
    out.resize(20);
    if (flow.protocol == 6) {
        out[12] = 5 << 4;
        out[13] = 2; // SYN
    }
    return out;
}

void put_address(Bytes& out, const Address& address) {
    const auto skip = address.is_v4() ? 12 : 0;
    out.insert(out.end(), address.bytes.begin() + skip, address.bytes.end());
}

Bytes packet4(const Flow& flow, const Address& from, const Address& to, bool plain) {
    const Bytes payload = transport(flow);
    const Bytes options(plain ? 0 : 8, no_operation);
    Bytes out{static_cast<std::uint8_t>(0x45 + options.size() / 4), 0};
    put16(out, static_cast<unsigned>(20 + options.size() + payload.size()));
    put16(out, 77);                      // identification
    put16(out, flow.fragment ? 4 : 0);   // offset in units of 8 bytes
    put(out, {64, flow.protocol, 0, 0}); // the checksum is nobody's business here
    put_address(out, from);
    put_address(out, to);
    put(out, options);
    put(out, payload);
    return out;
}

Bytes packet6(const Flow& flow, const Address& from, const Address& to, bool plain) {
    Bytes chain;
    std::uint8_t first = flow.protocol;
    if (flow.fragment) {
        put(chain, {flow.protocol, 0, 0, 4 << 3, 0, 0, 0, 77});
        first = fragment_header;
    }
    if (!plain) {
        Bytes options{first, 0, 1, 4, 0, 0, 0, 0}; // one PadN
        put(options, chain);
        chain = options;
        first = destination_options;
    }
    put(chain, transport(flow));
    Bytes out{0x60, 0, 0, 0};
    put16(out, static_cast<unsigned>(chain.size()));
    put(out, {first, 64});
    put_address(out, from);
    put_address(out, to);
    put(out, chain);
    return out;
}

} // namespace

Bytes frame(const Flow& flow, bool plain) {
    const bool v4 = flow.peer.is_v4();
    const Address own = *Address::parse(v4 ? own_v4 : own_v6);
    const bool outbound = flow.direction == Direction::outbound;
    const Address& from = outbound ? own : flow.peer;
    const Address& to = outbound ? flow.peer : own;
    Bytes out(12);
    put16(out, v4 ? 0x0800 : 0x86dd);
    put(out, v4 ? packet4(flow, from, to, plain) : packet6(flow, from, to, plain));
    out.resize(std::max<std::size_t>(out.size(), 64));
    return out;
}

} // namespace ringwall::oracle
