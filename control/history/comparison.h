// A draft held against what was recorded: which edges of the map it would newly block or newly
// allow. A value that goes to another thread and comes back with the answer. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "control/flowmap/catalog.h"
#include "control/flowmap/reader.h"
#include "control/history/label_judge.h"

namespace ringwall::history {

struct Recorded { // an edge of the map, with all that is said of it
    flowmap::EdgeId id = 0;
    flowmap::Edge edge; // its sides are places in Comparison::sides
    flowmap::Numbers numbers;
    std::int64_t first_seen_ns = 0;
};

struct Difference {
    std::size_t recorded = 0; // place in Comparison::edges
    Opinion active, draft;
    bool newly_blocked() const { return draft.blocked; }
    bool unsure() const { return active.unsure || draft.unsure; }
};

struct Outcome {
    std::vector<Difference> differences; // newly blocked first, then by connections
    // Connections; `unsure` are also in one of the others.
    std::uint64_t same = 0, newly_blocked = 0, newly_allowed = 0, not_judged = 0, unsure = 0;
};

struct Comparison {
    std::vector<flowmap::Side> sides;
    std::vector<Recorded> edges;
    model::Policy active, draft;

    // What was recorded, copied from the catalog.
    void take(const flowmap::Catalog& catalog, const std::vector<flowmap::EdgeNumbers>& edges);
    // What the draft says of each edge, in their order: allowed, blocked, or unmatched where no end
    // has an agent. Error: as run().
    std::expected<std::vector<v1::FlowVerdict>, std::string> verdicts() const;
    // Error: the draft does not compile, with the sentence why.
    std::expected<Outcome, std::string> run() const;
};

} // namespace ringwall::history
