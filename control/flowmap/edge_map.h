// The application map over time: flows in, edges with numbers out, for the minute that is now as
// for last month. Single-threaded.
//
// Minutes are folded in memory and written when they are over; hours are made from minutes and days
// from hours. What is in memory only is in the store of flows, too: after a crash the rows behind
// folded_through() are taken again. A late batch opens its minute once more, from the rows of it
// that there are, so that the result is the same as if it had come in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/flowmap/catalog.h"
#include "control/flowmap/disk.h"
#include "control/flowmap/minute.h"
#include "control/flowmap/reader.h"
#include "control/flows/row.h"

namespace ringwall::flowmap {

// The rows that minutes are folded from.
class Past {
  public:
    Past() = default;
    Past(const Past&) = delete;
    Past& operator=(const Past&) = delete;
    Past(Past&&) = delete;
    Past& operator=(Past&&) = delete;
    virtual ~Past() = default;

    using Visit = std::function<void(const flows::Row&)>;
    // Rows of [since, until) with a number below `below`, in any order.
    virtual flows::Result<void> between(std::int64_t since_ns, std::int64_t until_ns,
                                        std::uint64_t below, const Visit& visit) const = 0;
    // Rows with a number above `id`, in the order of their numbers.
    virtual flows::Result<void> behind(std::uint64_t id, const Visit& visit) const = 0;
    // Rows before that time may have been removed.
    virtual std::int64_t complete_since_ns() const = 0;
};

struct MapOptions {
    std::string path; // created where there is none, mode 0600
    std::chrono::hours minutes_for{48}, hours_for{24 * 35}, days_for{24 * 400};
    std::uint64_t max_bytes = std::uint64_t{2} << 30; // of the file; the oldest minutes go first
    // Beyond it new ones lose their details. When more than half as many are known at a start,
    // those that no time that is kept has seen are forgotten.
    std::size_t most_edges = 500'000;
};

struct MapCounters {              // since the start
    std::uint64_t taken = 0;      // rows
    std::uint64_t reopened = 0;   // minutes that were written before
    std::uint64_t added_late = 0; // rows that came when their minute could not be folded anew:
                                  // added without the other end
    std::uint64_t too_old = 0;    // rows for which there is no span any more
    std::uint64_t failed = 0;     // writes
};

class EdgeMap final : public Reader {
  public:
    // Takes what came after the last write before the end. `past` outlives it. Errors: those of
    // the file and of `past`.
    static flows::Result<std::unique_ptr<EdgeMap>> open(MapOptions options, const Past& past);

    // A row that is stored. Rows come in the order of their numbers.
    void take(const flows::Row& row);
    // Writes what is over, removes what is too old; with `all` also what goes on. Now and then, and
    // at the end. On an error it is tried again the next time.
    flows::Result<void> advance(std::int64_t now_ns, bool all = false);

    flows::Result<Period> read(std::int64_t since_ns, std::int64_t until_ns) const override;
    const Catalog& catalog() const override { return *catalog_; }
    const MapCounters& counters() const { return counters_; }
    std::uint64_t bytes() const { return disk_->bytes(); }
    std::size_t open_minutes() const { return open_.size(); }

  private:
    struct Open {
        Minute minute;
        std::uint64_t first = 0;   // number of the first row that is in no written span
        std::int64_t taken_ns = 0; // wall clock, when the last one came
        bool adds = false;         // to what was written; else takes its place
        bool written = false;      // nothing came since; kept for its neighbours
        mutable bool folded = false;
        mutable Totals totals;
    };
    using Minutes = std::map<std::int64_t, Open>;
    using Written = flows::Result<void>;

    EdgeMap(MapOptions options, const Past& past);
    static void change(Open& open, std::uint64_t row);
    Open& minute_of(std::int64_t at_ns, std::uint64_t row);
    void disturb(std::int64_t at_ns, std::uint64_t row);
    void reopen_beside(std::int64_t at_ns, std::uint64_t row);
    bool reopen(Open& open, std::int64_t at_ns, std::uint64_t below);
    const Totals& totals(std::int64_t at_ns, const Open& open) const;
    const Minute* minute_at(std::int64_t at_ns) const;

    // edge_map_write.cpp
    std::set<std::int64_t> due(bool all) const;
    Written write(const std::set<std::int64_t>& due);
    Written put(Disk::Change& change, std::int64_t at_ns, const Open& open);
    Written put_late(Disk::Change& change, std::int64_t at_ns, const Open& open);
    Written add(Disk::Change& change, Span span, std::int64_t at_ns, const Totals& totals);
    using Kept = std::function<const std::set<std::int64_t>&(Span)>;
    std::set<std::int64_t> over(Span span, const Kept& kept) const;
    Written gather(Disk::Change& change, Span span);
    Written gather(Disk::Change& change, Span span, std::int64_t at_ns);
    Written trim();
    Written remove(Disk::Change& change, Span span, std::int64_t since_ns, std::int64_t until_ns);
    Written make_room(Disk::Change& change);
    std::uint64_t through(const std::set<std::int64_t>& written) const;
    void forget();
    bool keeps(Span span, std::int64_t at_ns) const;

    // edge_map_read.cpp
    struct Reading;
    Written read_span(Span span, std::int64_t at_ns, Reading& reading) const;
    bool reopened_in(std::int64_t since_ns, std::int64_t until_ns) const;

    MapOptions options_;
    const Past& past_;
    std::unique_ptr<Catalog> catalog_; // folding makes edges
    std::unique_ptr<Disk> disk_;
    Minutes open_;
    std::uint64_t last_ = 0; // row
    std::int64_t now_ns_ = 0;
    // Hours and days that are made anew, as their parts were.
    std::set<std::pair<Span, std::int64_t>> stale_;
    MapCounters counters_;
};

} // namespace ringwall::flowmap
