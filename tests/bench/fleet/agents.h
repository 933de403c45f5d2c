// The agents of the benchmark: the real state machine over TLS, without hosts. They enforce what
// they are sent at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/pki/keys.h"
#include "control/core/controller.h"

namespace ringwall::bench {

struct Member {
    core::PairAnswer paired;
    pki::PrivateKey key;
};

// What one agent has done, for the process that measures: lies in shared memory.
struct Seen {
    std::atomic<std::uint64_t> applied{0}; // policies and inventories, all answered with an Ack
    std::atomic<std::int64_t> last_ns{0};  // of the last one, on the steady clock
};

// Connects all of them, a few dozens at a time, and serves them until `lifeline` is closed at its
// other end. The process's exit status comes out.
int run_agents(const std::vector<Member>& members, std::int64_t now, std::uint16_t port, Seen* seen,
               int lifeline);

} // namespace ringwall::bench
