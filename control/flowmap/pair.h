// Two addresses and a service in one minute: what the source's agent and the destination's agent
// said of the same connections, made one.
//
// Summaries have no client port, so the ends are matched in the order of time. The source's end
// counts: where it was heard of, what the destination says adds who served and with which verdict.
// Where only the destination was heard of, its numbers count. Both ends of a connection may fall
// into different minutes, as clocks differ: hence the neighbours.
#pragma once

#include <functional>
#include <vector>

#include "control/flowmap/edge.h"

namespace ringwall::flowmap {

// What one end said: who it is, and as what it knows the other end.
struct Half {
    SideId own = 0, other = 0;
    bool stopped = false; // blocked where it began: the other end cannot know of it
    Numbers numbers;
};

struct Pair {
    std::vector<Half> source, destination;
    bool strange = false; // one end is no workload
};

using Match = std::function<void(SideId source, SideId destination, const Numbers& numbers)>;

// `before`, `after`: the same pair in the minutes beside this one; null where it is not there.
void match(const Pair& pair, const Pair* before, const Pair* after, const Match& out);

} // namespace ringwall::flowmap
