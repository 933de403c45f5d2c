// A version on its way through the fleet: who gets it now, when it is final, when it is taken back.
// Pure: no clock, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/core/error.h"

namespace ringwall::core {

// At first only this share of the agents that the query selects, at least one; the rest later.
struct Canary {
    std::string query;                       // label query; empty: every agent
    double percent = 100;                    // of the selected, above 0, at most 100
    std::optional<std::uint64_t> max_blocks; // more blocked flows among the first take it back
    bool operator==(const Canary&) const = default;
};

// canary: only the first have it. waiting: everybody has it, and nobody has confirmed it.
enum class Phase { canary, waiting, confirmed, taken_back };
const char* name(Phase);

struct RolloutState {
    std::uint64_t version = 0, previous = 0; // provisioned versions; previous 0: none
    Phase phase = Phase::waiting;
    std::int64_t began_ns = 0;
    std::int64_t confirm_within_ns = 0; // 0: it needs no confirmation
    std::int64_t deadline_ns = 0;       // wall clock of being taken back; 0: none
    std::set<std::string> first;        // agents of the canary
    std::size_t concerned = 0;          // agents whose policy differs
    std::set<std::string> acknowledged;
    std::vector<std::string> refused; // "agent: sentence"
    std::uint64_t blocks = 0;         // among the first, since it began
    std::optional<Canary> canary;
    std::string reason; // of being taken back

    bool open() const { return phase == Phase::canary || phase == Phase::waiting; }
};
std::string to_json(const RolloutState& state);
Result<RolloutState> parse_rollout(const std::string& text);

// Why it has to be taken back now; empty: it goes on.
std::string stop_reason(const RolloutState& state, std::int64_t now_ns);

// The first of a canary out of the selected ones: the same choice for the same version, and another
// one for the next, so that it is not always the same host that goes first.
std::set<std::string> choose(const std::vector<std::string>& selected, double percent,
                             std::uint64_t version);

} // namespace ringwall::core
