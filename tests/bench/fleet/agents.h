// The agents of the benchmark: the real state machine over TLS, without hosts. They enforce what
// they are sent at once.
#pragma once

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

// Connects all of them, a few dozens at a time, and serves them until `lifeline` is closed at its
// other end. The process's exit status comes out.
int run_agents(const std::vector<Member>& members, std::int64_t now, std::uint16_t port,
               int lifeline);

} // namespace ringwall::bench
