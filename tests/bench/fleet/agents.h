// The agents of the benchmark: the real state machine over TLS, without hosts. They enforce what
// they are sent at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "control/pki/authority.h"

namespace ringwall::bench {

std::string agent_name(std::size_t number);

// Connects all of them, a few dozens at a time, and serves them until `lifeline` is closed at its
// other end. The process's exit status comes out.
int run_agents(const pki::Authority& authority, std::int64_t now, std::uint16_t port,
               std::size_t count, int lifeline);

} // namespace ringwall::bench
