#include "control/fleet/delivery.h"

#include <algorithm>
#include <utility>

#include "control/proto/delta.h"

namespace ringwall::fleet {
namespace {

v1::Holding holding(const Release& release) {
    v1::Holding out;
    out.set_version(release.version);
    out.set_hash(release.hash);
    return out;
}

wire::State state(const Release& release) {
    return {release.content, holding(release)};
}

// What a snapshot of it takes on the wire, up to a few bytes.
std::size_t bytes_of(const Release& release) {
    return release.content.size() + release.key_id.size() + release.signature.size();
}

bool needs_snapshot(v1::NackReason reason) {
    return reason == v1::BASE_MISMATCH || reason == v1::DRIFT;
}

} // namespace

Delivery::Delivery(v1::Half half, v1::Holding held, std::uint64_t confirmed, std::size_t history)
    : half_(half), held_(std::move(held)), confirmed_(confirmed),
      history_limit_(std::max<std::size_t>(history, 1)) {}

void Delivery::offer(ReleaseRef release, std::chrono::seconds confirm_within, std::uint64_t order) {
    history_.push_back(std::move(release));
    confirm_within_ = confirm_within;
    order_ = order;
    lapsed_ = false;
    forget_history();
}

// Nothing older is needed once the agent has the newest.
void Delivery::forget_history() {
    while (history_.size() > history_limit_ ||
           (history_.size() > 1 && wire::same(holding(*history_.back()), held_)))
        history_.pop_front();
}

void Delivery::confirm(std::uint64_t version) {
    confirmed_ = std::max(confirmed_, version);
}

void Delivery::greeted(const v1::Holding& held, bool unconfirmed, std::uint64_t rolled_back) {
    held_ = held;
    unconfirmed_ = unconfirmed;
    rolled_back_ = rolled_back;
    outstanding_.reset();
    snapshot_next_ = false;
}

void Delivery::acked(const v1::Holding& held) {
    held_ = held;
    if (!outstanding_ || outstanding_->version != held.version())
        return;
    unconfirmed_ = outstanding_->confirmable;
    outstanding_.reset();
    snapshot_next_ = false;
    forget_history();
}

void Delivery::nacked(const v1::Nack& nack) {
    held_ = nack.held();
    if (!outstanding_ || outstanding_->version != nack.version())
        return;
    outstanding_.reset();
    if (needs_snapshot(nack.reason()) && !snapshot_next_) {
        snapshot_next_ = true;
    } else {
        snapshot_next_ = false;
        refused_ = nack.version();
    }
}

void Delivery::rolled_back(const v1::RolledBack& told) {
    held_ = told.held();
    rolled_back_ = told.version();
    unconfirmed_ = false;
}

std::uint64_t Delivery::unsendable() {
    outstanding_.reset();
    return refused_ = history_.back()->version;
}

bool Delivery::is_ahead() const {
    return half_ == v1::POLICY && !history_.empty() && held_.version() > history_.back()->version;
}

std::optional<Time> Delivery::waiting_since() const {
    return outstanding_ ? std::optional(outstanding_->sent) : std::nullopt;
}

bool Delivery::wanted() const {
    if (outstanding_ || lapsed_ || history_.empty() || is_ahead())
        return false;
    const auto& newest = *history_.back();
    if (wire::same(holding(newest), held_) || newest.version == refused_)
        return false;
    const bool left = newest.version == rolled_back_ && newest.version > confirmed_;
    return half_ != v1::POLICY || (!left && newest.version != withdrawn_);
}

// The other's newest waits behind what is outstanding, and was not offered after this one.
bool Delivery::overtakes(const Delivery& other) const {
    return other.outstanding_ && other.outstanding_->order < other.order_ && other.order_ <= order_;
}

std::optional<v1::ToAgent> Delivery::verdict() {
    if (!unconfirmed_)
        return std::nullopt;
    v1::ToAgent out;
    if (held_.version() == withdrawn_)
        out.mutable_roll_back()->set_version(held_.version());
    else if (held_.version() <= confirmed_)
        out.mutable_confirm()->set_version(held_.version());
    else
        return std::nullopt;
    unconfirmed_ = false;
    return out;
}

std::chrono::seconds Delivery::confirm_within() const {
    return history_.back()->version <= confirmed_ ? std::chrono::seconds(0) : confirm_within_;
}

std::optional<v1::ToAgent> Delivery::next(Time now, SessionStats& stats, const Delivery& other) {
    if (auto told = verdict())
        return told;
    if (!wanted() || overtakes(other))
        return std::nullopt;
    auto shorter = snapshot_next_ ? std::nullopt : delta();
    const bool as_delta = shorter && shorter->ByteSizeLong() < bytes_of(*history_.back());
    ++(as_delta ? stats.deltas : stats.snapshots);
    outstanding_ = Outstanding{history_.back()->version, order_, now,
                               half_ == v1::POLICY && confirm_within().count() > 0};
    return as_delta ? std::move(*shorter) : snapshot();
}

v1::ToAgent Delivery::snapshot() const {
    const auto& newest = *history_.back();
    v1::ToAgent out;
    if (half_ == v1::INVENTORY) {
        out.mutable_inventory()->mutable_inventory()->ParseFromString(newest.content);
        return out;
    }
    auto& envelope = *out.mutable_policy()->mutable_signed_policy();
    envelope.set_key_id(newest.key_id);
    envelope.set_payload(newest.content);
    envelope.set_signature(newest.signature);
    out.mutable_policy()->set_confirm_within_seconds(
        static_cast<std::uint32_t>(confirm_within().count()));
    return out;
}

std::optional<v1::ToAgent> Delivery::delta() const {
    const auto base = std::ranges::find_if(
        history_, [&](const ReleaseRef& it) { return wire::same(holding(*it), held_); });
    if (base == history_.end())
        return std::nullopt;
    const auto& newest = *history_.back();
    v1::ToAgent out;
    if (half_ == v1::INVENTORY) {
        *out.mutable_inventory_delta() = wire::diff_inventories(state(**base), state(newest));
        return out;
    }
    auto& delta = *out.mutable_policy_delta();
    delta = wire::diff_policies(state(**base), state(newest));
    delta.set_key_id(newest.key_id);
    delta.set_signature(newest.signature);
    delta.set_confirm_within_seconds(static_cast<std::uint32_t>(confirm_within().count()));
    return out;
}

} // namespace ringwall::fleet
