// Flow batches of one agent: each summary once, what was lost counted.
#pragma once

#include <deque>
#include <optional>

#include "control/fleet/session.h"

namespace ringwall::fleet {

class Intake {
  public:
    Intake(std::uint64_t stream, std::uint64_t through, std::size_t window)
        : stream_(stream), accepted_(through), stored_(through), window_(window) {}

    // Another stream starts anew, behind what the agent knows to be acknowledged.
    void greeted(std::uint64_t stream, std::uint64_t acknowledged);

    enum class Outcome {
        taken,     // hand it to the store
        repeated,  // is being stored
        known,     // is stored: acknowledge again
        violation, // over the window, or its numbers contradict themselves
    };
    Outcome received(const v1::FlowBatch& batch, std::uint64_t& lost, SessionStats& stats);

    // Whether there is something new to acknowledge.
    bool stored(std::uint64_t stream, std::uint64_t through);
    void failed();

    std::uint64_t stream() const { return stream_; }
    std::uint64_t through() const { return stored_; }

  private:
    std::uint64_t stream_, accepted_, stored_;
    std::size_t window_;
    std::deque<std::uint64_t> queued_; // last numbers of batches that are being stored
};

} // namespace ringwall::fleet
