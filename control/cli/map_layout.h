// Where the nodes of a directed graph stand in columns, so that most edges point to the right.
// Pure.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace ringwall::cli {

struct Place {
    std::size_t column = 0, row = 0;
};
using Arc = std::pair<std::size_t, std::size_t>; // from node, to node

// One place for each of `nodes` nodes. Circles are cut at the edge that comes last in `arcs`.
// Within a column, nodes stand near those they are connected with.
std::vector<Place> layered(std::size_t nodes, const std::vector<Arc>& arcs);

} // namespace ringwall::cli
