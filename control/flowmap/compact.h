// Edges that no span of time names any more, taken out of the map's file. Private to disk.
#pragma once

#include <cstddef>

namespace ringwall::store {
class Connection;
}

namespace ringwall::flowmap {

// Only where more than `worthwhile` edges are kept and a quarter of them is named by nothing: every
// span is read, and written again with the numbers that edges have then. All of it or nothing.
// Returns how many edges went. Throws store::Failure.
std::size_t remove_unused_edges(store::Connection& connection, std::size_t worthwhile);

} // namespace ringwall::flowmap
