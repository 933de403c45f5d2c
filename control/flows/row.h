// A flow summary as it is kept: what the agent sent, and who the ends were when it arrived.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/ip.h"
#include "control/proto/session.pb.h"

namespace ringwall::flows {

enum class Errc {
    invalid, // the request itself: a cursor, labels that are no JSON object
    in_use,  // another process holds the file
    newer,   // written by a newer Ringwall, or by another program
    corrupt, // damaged: move it away and start anew
    full,    // no space left: nothing was stored, reading goes on
    io,      // the disk or the file's rights
};
using Error = BasicError<Errc>;
template <typename T>
using Result = std::expected<T, Error>;

// JSON objects of texts, {"app":"Payments","role":"Web"}; "{}": nobody, or nobody known.
struct Labels {
    std::string source = "{}", destination = "{}"; // of who connects, and of who serves
    bool operator==(const Labels&) const = default;
};

struct Row {
    std::uint64_t id = 0;   // one number for one row
    std::int64_t at_ns = 0; // summary.last_ns, but never later than received_ns: what rows are
                            // sorted and kept by, so a clock that is ahead gains nothing
    std::int64_t received_ns = 0; // the controller's wall clock
    std::string agent;
    v1::FlowSummary summary;
    Labels labels;
};

// Row::at_ns of a summary.
inline std::int64_t time_of(const v1::FlowSummary& summary, std::int64_t received_ns) {
    return std::max<std::int64_t>(std::min(summary.last_ns(), received_ns), 0);
}

} // namespace ringwall::flows
