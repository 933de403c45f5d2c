// What the oracle and its probes (real processes that open real sockets) say to each other, over a
// SOCK_SEQPACKET descriptor; every request has one reply.
#pragma once

#include <array>
#include <cstdint>

namespace ringwall::oracle {

constexpr int probe_descriptor = 3;
constexpr std::uint16_t marker_port = 9;
constexpr std::uint16_t other_end_port = 40'000; // + index in the batch
constexpr std::size_t most_flows = 64;

enum class Ask : std::uint8_t {
    reach,   // the flows outward, one after another -> Outcome of each
    serve,   // open a server for each flow -> Outcome of each (passed: it is open)
    send,    // from each flow's peer towards its server -> Outcome of each (passed: sent)
    mark,    // a packet to the marker port, behind all that was sent before
    settled, // has a server answered? -> Outcome of each
    collect, // what arrived at the servers -> Outcome of each; the servers are closed
};

enum class Outcome : std::uint8_t { passed, refused, silent, failed };

struct ProbeFlow {
    std::array<std::uint8_t, 16> peer{};
    std::uint16_t port = 0;
    std::uint8_t protocol = 0; // 6 or 17
    std::uint8_t mapped = 0;   // an IPv4 flow over an AF_INET6 socket
};

struct ProbeRequest {
    Ask ask = Ask::reach;
    std::uint8_t count = 0;
    std::array<ProbeFlow, most_flows> flows;
};

struct ProbeReply {
    std::array<Outcome, most_flows> outcomes{};
    std::array<int, most_flows> errors{};
};

} // namespace ringwall::oracle
