// What waits for one sink: bounded, in order, and kept until it is known to have arrived. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "control/alerts/event.h"

namespace ringwall::alerts {

class Outbox {
  public:
    using Time = std::chrono::milliseconds; // steady

    explicit Outbox(std::size_t capacity) : capacity_(capacity ? capacity : 1) {}

    // The oldest makes room, and is counted as dropped.
    void offer(AlertRef alert);

    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    // The first that was not sent; null: none.
    AlertRef next() const { return sent_ < items_.size() ? items_[sent_].alert : nullptr; }
    // next() is on its way from now on.
    void sent(Time now) { items_.at(sent_++).sent_at = now; }
    // When the oldest that is on its way was sent; nullopt: none is.
    std::optional<Time> oldest_sent() const;

    // Those sent at or before this moment have arrived, as it seems: kept until forget().
    void arrived(Time sent_by);
    // Those sent at or before this moment have arrived beyond doubt.
    void forget(Time sent_by);
    // The first that was sent will never be taken: let it go.
    void refused();
    // The connection is gone: what was on its way is sent again.
    void rewind();
    // And it is certain that something was lost: also what only seemed to have arrived.
    void recall();

    std::uint64_t delivered() const { return delivered_; }
    std::uint64_t repeated() const { return repeated_; } // were sent once more
    std::uint64_t dropped() const { return dropped_; }

  private:
    struct Item {
        AlertRef alert;
        Time sent_at{};
    };
    void pop();

    std::size_t capacity_;
    std::deque<Item> items_;
    std::size_t sent_ = 0;      // of items_, from the front
    std::deque<Item> doubtful_; // arrived, not yet forgotten
    std::uint64_t delivered_ = 0, repeated_ = 0, dropped_ = 0;
};

// How long to wait after the n-th failure in a row: doubling, and half of it by chance, so that
// many who lost the same server do not come back together.
class Backoff {
  public:
    using Time = std::chrono::milliseconds;
    Backoff(Time first, Time longest) : first_(first), longest_(longest), next_(first) {}
    Time next(double chance); // 0..1
    void reset() { next_ = first_; }

  private:
    Time first_, longest_, next_;
};

} // namespace ringwall::alerts
