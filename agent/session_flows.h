// Flow batches on their way: a window of what was sent and not acknowledged yet. The batches
// themselves stay in the spool.
#pragma once

#include <deque>
#include <optional>

#include "agent/session_halves.h"

namespace ringwall::agent {

class FlowSender {
  public:
    explicit FlowSender(const SessionStart& start)
        : stream_(start.flow_stream), acknowledged_(start.flows_through) {}

    void welcomed(const v1::Welcome& welcome, Outbox& out);
    void disconnected() { in_flight_.clear(); }
    void queued(Outbox& out);
    void read(input::Flows flows, Time now, SessionStats& stats, Outbox& out);
    void acknowledged(std::uint64_t through, Outbox& out);

    void write(v1::Hello& hello) const {
        hello.set_flow_stream(stream_);
        hello.set_flows_acknowledged(acknowledged_);
    }
    // When the oldest batch without an answer was sent.
    std::optional<Time> waiting_since() const;

  private:
    struct Sent {
        std::uint64_t last;
        Time at;
    };
    void pull(Outbox& out);

    std::uint64_t stream_, acknowledged_;
    std::uint64_t next_after_ = 0; // what is read next lies behind
    std::size_t window_ = 1;
    std::deque<Sent> in_flight_;
    bool reading_ = false;
    bool spool_is_empty_ = false;
};

} // namespace ringwall::agent
