// An edge of the application map: who talks to whom by labels, with which processes, and what both
// ends said of it. Many flows of many workloads are one edge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "control/proto/session.pb.h"

namespace ringwall::flowmap {

enum class Kind : std::uint8_t {
    workloads, // who: labels of the time as a JSON object of texts
    list,      // who: name of an address list
    network,   // who: a prefix, of an address that nobody has and that is not of the internet
    internet,  // who: ""
};

// One end of an edge. Without a verdict this end was not heard of, and only `kind` and `who` are
// set: what the other end knows of it.
struct Side {
    Kind kind = Kind::internet;
    std::string who;
    // Path; unit, without numbers that make it another one each time; container; user.
    std::string process, unit, container, user;
    v1::FlowVerdict verdict = v1::FLOW_VERDICT_UNSPECIFIED;
    std::string rule, reason; // "ruleset/rule", the deciding one
    bool operator==(const Side&) const = default;
};

using SideId = std::uint32_t; // from 0, without gaps
using EdgeId = std::uint32_t; // likewise

struct Edge {
    SideId source = 0, destination = 0;
    std::uint8_t protocol = 0; // IANA number
    std::uint16_t port = 0;    // of the service; ICMP: type << 8 | code
    bool operator==(const Edge&) const = default;
};

// Of one edge in one span of time.
struct Numbers {
    std::uint64_t count = 0; // connections or attempts
    std::uint64_t bytes_out = 0, bytes_in = 0, packets_out = 0,
                  packets_in = 0; // out: to the destination
    std::uint64_t retransmits = 0;
    std::uint64_t refused = 0, timed_out = 0, reset = 0; // of the connections
    std::uint64_t rtt_us = 0;                            // the largest; 0: unknown
    // Addresses behind an end that is no workload, the most in one minute: a scan shows here.
    std::uint64_t peers = 0;
    std::int64_t first_ns = 0, last_ns = 0; // wall clock since 1970; 0: nothing was added yet

    // Another span of the same edge, or more flows of the same span.
    Numbers& operator+=(const Numbers& more) {
        count += more.count;
        bytes_out += more.bytes_out;
        bytes_in += more.bytes_in;
        packets_out += more.packets_out;
        packets_in += more.packets_in;
        retransmits += more.retransmits;
        refused += more.refused;
        timed_out += more.timed_out;
        reset += more.reset;
        rtt_us = std::max(rtt_us, more.rtt_us);
        peers = std::max(peers, more.peers);
        first_ns = first_ns == 0 ? more.first_ns : std::min(first_ns, more.first_ns);
        last_ns = std::max(last_ns, more.last_ns);
        return *this;
    }
    bool operator==(const Numbers&) const = default;
};

// The worse of what both ends said: blocked, would-block, unmatched, allowed.
inline v1::FlowVerdict worse(v1::FlowVerdict a, v1::FlowVerdict b) {
    static_assert(v1::ALLOWED < v1::UNMATCHED && v1::UNMATCHED < v1::WOULD_BLOCK &&
                  v1::WOULD_BLOCK < v1::BLOCKED);
    return std::max(a, b);
}

} // namespace ringwall::flowmap
