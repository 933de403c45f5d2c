#include "agent/session_flows.h"

#include <algorithm>
#include <utility>

namespace ringwall::agent {

void FlowSender::welcomed(const v1::Welcome& welcome, Outbox& out) {
    window_ = std::max<std::size_t>(welcome.flow_window(), 1);
    in_flight_.clear();
    acknowledged(welcome.flows_through(), out);
    next_after_ = acknowledged_;
    spool_is_empty_ = false;
    pull(out);
}

void FlowSender::queued(Outbox& out) {
    spool_is_empty_ = false;
    pull(out);
}

void FlowSender::pull(Outbox& out) {
    if (!out.live || reading_ || spool_is_empty_ || in_flight_.size() >= window_)
        return;
    reading_ = true;
    out.actions.emplace_back(action::ReadFlows{next_after_});
}

void FlowSender::read(input::Flows flows, Time now, SessionStats& stats, Outbox& out) {
    reading_ = false;
    const bool current = flows.after == next_after_;
    if (current && !flows.batch)
        spool_is_empty_ = true;
    if (current && flows.batch && out.live) {
        next_after_ = flows.batch->last();
        in_flight_.push_back({next_after_, now});
        ++stats.flow_batches;
        v1::ToController message;
        *message.mutable_flows() = std::move(*flows.batch);
        out.send(message);
    }
    pull(out);
}

void FlowSender::acknowledged(std::uint64_t through, Outbox& out) {
    if (through <= acknowledged_)
        return;
    acknowledged_ = through;
    while (!in_flight_.empty() && in_flight_.front().last <= through)
        in_flight_.pop_front();
    out.actions.emplace_back(action::ForgetFlows{through});
    pull(out);
}

std::optional<Time> FlowSender::waiting_since() const {
    return in_flight_.empty() ? std::nullopt : std::optional(in_flight_.front().at);
}

} // namespace ringwall::agent
