// The newest flow summaries of the fleet, in one SQLite file (WAL) beside the policy's. Losing it
// loses no policy; backups leave it out. Synchronous, one thread, one process (flock).
//
// Rows that came together are one blob with columns for what queries look at (chunk.proto): a row
// of SQLite each cost three times as much and took twice the room.
//
// Cost (ringwall-bench-flow-store, 2.2 GHz core): a summary appended takes 1.3 us of CPU and 200
// bytes, and each append() one fsync; a query looks at 440,000 rows/s by labels, at 1,200,000 by
// verdict, port, protocol or agent; opening reads the whole file once, 75 ms for a million rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/flows/filter.h"
#include "control/flows/row.h"

namespace ringwall::flows {

struct Options {
    std::string path;                   // created where there is none, mode 0600
    std::uint64_t max_rows = 1'000'000; // and up to 1,000 more: rows that came together go together
    std::chrono::nanoseconds max_age = std::chrono::hours(24 * 7);
    std::uint64_t trim_step = 50'000; // one trim() ends when it has removed so many rows
    std::uint64_t look_step = 10'000; // most rows that one query() looks at: some 20 ms
};

// One batch of one agent, as fleet::Listener::store_flows() brings it.
struct Arrival {
    std::string agent;
    std::uint64_t stream = 0;
    v1::FlowBatch batch;
    std::uint64_t lost = 0;       // summaries that the agent lost before this batch
    std::int64_t received_ns = 0; // wall clock
    std::vector<Labels> labels;   // one for each summary
};

// What is stored of one agent, for fleet::SessionStart. In all streams together the agent made
// summaries + folded + lost of them.
struct Mark {
    std::uint64_t stream = 0, through = 0; // the newest stream, and how far it is stored
    std::uint64_t summaries = 0, folded = 0, lost = 0;
    bool operator==(const Mark&) const = default;
};

struct PageRequest {
    std::string after;       // Page::next of the page before; empty: from the newest on
    std::size_t limit = 100; // 1..1000
};

// Newest first. Rows that exist while all pages are read come exactly once, whatever is added or
// removed meanwhile. `next` is empty when nothing follows; until then a page may have fewer rows
// than the limit, or none: one call looks at look_step rows at most.
struct Page {
    std::vector<Row> rows;
    std::string next;
};

struct Trimmed {
    std::uint64_t removed = 0;
    bool more = false; // call again
};

struct Counters { // since the start
    std::uint64_t stored = 0,
                  repeated = 0; // summaries; repeated: of batches that were stored before
    std::uint64_t removed_by_age = 0, removed_by_rows = 0;
    std::uint64_t failed = 0; // groups that were not stored
};

class Store final {
  public:
    // in_use, newer, corrupt, full, io.
    static Result<std::unique_ptr<Store>> open(Options options);
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    Store(Store&&) = delete;
    Store& operator=(Store&&) = delete;
    ~Store();

    // All batches and their marks in one durable transaction, or nothing: answer the agents when
    // this returned. A batch whose last number is not behind its mark was stored before and is
    // skipped. Batches of one agent stand in the order of their numbers. The result: for each
    // arrival the id of its first row, the others follow; 0: it was stored before, or is empty.
    Result<std::vector<std::uint64_t>> append(std::span<const Arrival> arrivals);
    // Zeros for an agent that sent nothing yet.
    Result<Mark> mark(std::string_view agent) const;

    // Removes the oldest rows that are over max_age or max_rows, one step of them; those that came
    // together once the newest of them is over it. Call it after append() and now and then, as long
    // as there is more.
    Result<Trimmed> trim(std::int64_t now_ns);

    // invalid: a cursor or a limit that is none.
    Result<Page> query(const Filter& filter, const PageRequest& request) const;

    // Every row of [since, until) in time with first <= id < below, in the order of ids.
    struct Ids {
        std::uint64_t first = 0, below = std::numeric_limits<std::int64_t>::max();
    };
    using Visit = std::function<void(const Row&)>;
    Result<void> each(std::int64_t since_ns, std::int64_t until_ns, Ids ids,
                      const Visit& visit) const;
    // Rows before that time may have been removed.
    std::int64_t complete_since_ns() const;

    std::uint64_t rows() const;
    std::uint64_t last_id() const; // that was given
    const Counters& counters() const;

  private:
    class Impl;
    explicit Store(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::flows
