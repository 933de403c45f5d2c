#include "control/alerts/outbox.h"

#include <algorithm>
#include <utility>

namespace ringwall::alerts {

void Outbox::offer(AlertRef alert) {
    if (items_.size() >= capacity_) {
        pop();
        ++dropped_;
    }
    items_.push_back({std::move(alert)});
}

std::optional<Outbox::Time> Outbox::oldest_sent() const {
    return sent_ > 0 ? std::optional(items_.front().sent_at) : std::nullopt;
}

void Outbox::arrived(Time sent_by) {
    while (sent_ > 0 && items_.front().sent_at <= sent_by) {
        doubtful_.push_back(std::move(items_.front()));
        pop();
        ++delivered_;
    }
    while (doubtful_.size() > capacity_)
        doubtful_.pop_front();
}

void Outbox::forget(Time sent_by) {
    while (!doubtful_.empty() && doubtful_.front().sent_at <= sent_by)
        doubtful_.pop_front();
}

void Outbox::rewind() {
    repeated_ += sent_;
    sent_ = 0;
}

void Outbox::recall() {
    rewind();
    for (; !doubtful_.empty() && items_.size() < capacity_; ++repeated_) {
        items_.push_front(std::move(doubtful_.back()));
        doubtful_.pop_back();
    }
    doubtful_.clear();
}

void Outbox::refused() {
    if (sent_ == 0)
        return;
    pop();
    ++dropped_;
}

void Outbox::pop() {
    items_.pop_front();
    sent_ -= sent_ > 0;
}

Backoff::Time Backoff::next(double chance) {
    const auto whole = std::exchange(next_, std::min(next_ * 2, longest_));
    return whole / 2 +
           Time(static_cast<Time::rep>(static_cast<double>(whole.count()) / 2 * chance));
}

} // namespace ringwall::alerts
