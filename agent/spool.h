// Flow batches on the agent's disk until the controller has stored them: a bounded directory of
// segment files. Blocking file I/O. What append() has taken survives kill -9; what read() has
// given survives power loss too, so that no number ever means two things at the controller.
//
// Summaries are numbered as FlowBatch says. When the spool is full, the oldest batches are folded
// into one, segment by segment, then neighbours with each other, and only then is the oldest
// segment dropped. At any time, and after any restart:
//
//   offered = delivered + folded + lost + held
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/error.h"
#include "control/proto/session.pb.h"

namespace ringwall::agent {

enum class SpoolErrc {
    io,        // the directory or a file of it
    full,      // what is kept cannot be made smaller
    too_large, // one batch is longer than a segment
};
using SpoolError = BasicError<SpoolErrc>;

struct SpoolOptions {
    std::string directory;
    std::uint64_t max_bytes = 64ULL << 20;
    std::uint64_t segment_bytes = 1ULL << 20; // at most a quarter of max_bytes
    // The oldest batches, which may be on their way and so must not change: at least what the
    // controller gives as Welcome.flow_window.
    std::size_t in_flight = 8;
    bool sync_appends = false; // also what was not read yet survives power loss; slow
};

// The summaries of both, fewer if possible, never more; numbers are set by the spool.
using Fold = std::function<v1::FlowBatch(const v1::FlowBatch& older, const v1::FlowBatch& newer)>;

// In summaries.
struct SpoolStats {
    std::uint64_t offered = 0, delivered = 0, folded = 0, lost = 0, held = 0;
    std::uint64_t bytes = 0, failed_appends = 0; // on disk; since opening
};

class Spool {
  public:
    // Makes the directory when it is not there; `fresh_stream` names the numbering then. A torn end
    // is cut off, a damaged record ends its segment.
    static std::expected<Spool, SpoolError> open(SpoolOptions options, std::uint64_t fresh_stream,
                                                 Fold fold);
    Spool(Spool&&) noexcept;
    Spool& operator=(Spool&&) noexcept;
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    ~Spool();

    // Numbers the summaries and keeps them. After an error they are lost, and counted as that.
    std::expected<void, SpoolError> append(v1::FlowBatch batch);
    // The first batch that reaches behind `after`; nullopt: there is none.
    std::expected<std::optional<v1::FlowBatch>, SpoolError> read(std::uint64_t after);
    // Forgets what the controller has stored; durable on return.
    std::expected<void, SpoolError> acknowledge(std::uint64_t through);

    std::uint64_t stream() const;
    std::uint64_t acknowledged() const;
    SpoolStats stats() const;

  private:
    class Directory;
    explicit Spool(std::unique_ptr<Directory> directory);
    std::unique_ptr<Directory> directory_;
};

} // namespace ringwall::agent
