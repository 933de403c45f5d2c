// What some edges of the map carried over time, in buckets of one width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "control/flowmap/reader.h"

namespace ringwall::flowmap {

struct Bucket {
    std::int64_t from_ns = 0; // wall clock; it ends where the next one begins
    // Connections and attempts.
    std::uint64_t allowed = 0, unmatched = 0, would_block = 0, blocked = 0;
};

// Reads one bucket after the other, so that its owner can do something else in between. Widths are
// whole parts of an hour, of a day, or whole days. What is only kept by the hour or by the day is
// in no shorter bucket: where that shows, they all are made anew with a greater width.
class Activity {
  public:
    // Of [since, until), since < until; at most so many buckets, at least 1, as fine as that
    // allows. Only `edges` count. `reader` outlives it.
    Activity(const Reader& reader, std::unordered_set<EdgeId> edges, std::int64_t since_ns,
             std::int64_t until_ns, std::size_t most);

    // Reads the next one. True: more are to be read. Errors: of the reader.
    flows::Result<bool> advance();

    std::int64_t width_ns() const { return width_ns_; }
    // In the order of time, empty ones too; complete when advance() said false.
    const std::vector<Bucket>& buckets() const { return buckets_; }

  private:
    void begin(std::int64_t least_ns);
    std::int64_t start_of(std::int64_t width_ns) const;
    bool fits(std::int64_t width_ns) const;
    Bucket sum(const Period& period, std::int64_t from_ns) const;

    const Reader& reader_;
    std::unordered_set<EdgeId> edges_;
    std::int64_t since_ns_, until_ns_;
    std::size_t most_;
    std::int64_t width_ns_ = 0, next_ns_ = 0;
    std::vector<Bucket> buckets_;
};

} // namespace ringwall::flowmap
