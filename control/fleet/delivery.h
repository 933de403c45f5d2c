// One half of the snapshot on its way to one agent: what is newest, what is outstanding, what the
// agent holds.
#pragma once

#include <deque>
#include <expected>
#include <optional>

#include "control/fleet/session.h"

namespace ringwall::fleet {

class Delivery {
  public:
    Delivery(v1::Half half, v1::Holding held, std::uint64_t confirmed, std::size_t history);

    // `order`: rises with every offer of either half; the same for two that are offered together.
    void offer(ReleaseRef release, std::chrono::seconds confirm_within, std::uint64_t order);
    void confirm(std::uint64_t version);
    void withdraw(std::uint64_t version) { withdrawn_ = version; }

    void greeted(const v1::Holding& held, bool unconfirmed, std::uint64_t rolled_back);
    void disconnected() { outstanding_.reset(); }
    void lapse() { lapsed_ = true; } // of what is offered only a later offer is sent
    void acked(const v1::Holding& held);
    void nacked(const v1::Nack& nack);
    void rolled_back(const v1::RolledBack& told);
    std::uint64_t unsendable(); // the outstanding version, which is given up

    // What to send next, if anything. Counts as sent. Nothing new goes before what the other half
    // has in its queue from before: else the agent would hold halves that never were together.
    std::optional<v1::ToAgent> next(Time now, SessionStats& stats, const Delivery& other);

    const v1::Holding& held() const { return held_; }
    bool unconfirmed() const { return unconfirmed_; }
    bool is_ahead() const; // the agent, of everything offered
    // When the outstanding version was sent.
    std::optional<Time> waiting_since() const;

  private:
    struct Outstanding {
        std::uint64_t version, order;
        Time sent;
        bool confirmable; // was sent with a time to confirm
    };
    bool wanted() const;
    bool overtakes(const Delivery& other) const;
    std::optional<v1::ToAgent> verdict(); // Confirm or RollBack that the agent waits for
    std::chrono::seconds confirm_within() const;
    v1::ToAgent snapshot() const;
    std::optional<v1::ToAgent> delta() const;
    void forget_history();

    v1::Half half_;
    v1::Holding held_;
    bool unconfirmed_ = false; // held_ waits for its Confirm
    std::uint64_t confirmed_, withdrawn_ = 0, rolled_back_ = 0, refused_ = 0;
    std::size_t history_limit_;
    std::deque<ReleaseRef> history_; // newest last
    std::chrono::seconds confirm_within_{};
    std::uint64_t order_ = 0; // of the newest
    bool lapsed_ = false;     // the newest is not to be sent
    std::optional<Outstanding> outstanding_;
    bool snapshot_next_ = false;
};

} // namespace ringwall::fleet
