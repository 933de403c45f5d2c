#include "agent/session_halves.h"

#include <utility>

#include <fmt/format.h>

#include "control/proto/delta.h"
#include "control/proto/frame.h"

namespace ringwall::agent {
namespace {

v1::NackReason reason_of(wire::DeltaErrc code) {
    switch (code) {
    case wire::DeltaErrc::base_mismatch:
        return v1::BASE_MISMATCH;
    case wire::DeltaErrc::drift:
        return v1::DRIFT;
    case wire::DeltaErrc::malformed:
        break;
    }
    return v1::MALFORMED;
}

std::uint64_t version_of(const v1::PolicySnapshot& snapshot) {
    v1::Policy policy;
    policy.ParseFromString(snapshot.signed_policy().payload());
    return policy.version();
}
std::uint64_t version_of(const v1::PolicyDelta& delta) {
    return delta.target().version();
}
std::uint64_t version_of(const v1::InventorySnapshot& snapshot) {
    return snapshot.inventory().revision();
}
std::uint64_t version_of(const v1::InventoryDelta& delta) {
    return delta.target().version();
}

template <typename Message>
std::uint64_t version_of_any(const Message& message) {
    return std::visit([](const auto& it) { return version_of(it); }, message);
}

std::chrono::seconds confirm_within(const PolicyHalf::Message& message) {
    return std::visit(
        [](const auto& it) { return std::chrono::seconds(it.confirm_within_seconds()); }, message);
}

void send_ack(v1::Half half, const v1::Holding& held, Outbox& out) {
    v1::ToController message;
    message.mutable_ack()->set_half(half);
    *message.mutable_ack()->mutable_held() = held;
    out.send(message);
}

void send_nack(v1::Half half, std::uint64_t version, const BasicError<v1::NackReason>& refusal,
               const v1::Holding& held, Outbox& out) {
    v1::ToController message;
    auto& nack = *message.mutable_nack();
    nack.set_half(half);
    nack.set_version(version);
    nack.set_reason(refusal.code);
    nack.set_sentence(refusal.message);
    *nack.mutable_held() = held;
    out.send(message);
}

} // namespace

void Outbox::send(const v1::ToController& message) {
    if (!live)
        return;
    if (auto frame = wire::encode_frame(message))
        actions.emplace_back(action::Send{std::move(*frame)});
}

PolicyHalf::PolicyHalf(const SessionStart& start, Verifier verify)
    : verify_(std::move(verify)), held_(start.policy), last_confirmed_(start.last_confirmed),
      confirm_by_(start.confirm_by), rolled_back_(start.rolled_back) {}

v1::Holding PolicyHalf::holding() const {
    return held_ ? held_->holding : v1::Holding{};
}

void PolicyHalf::write(v1::Hello& hello) const {
    *hello.mutable_policy() = holding();
    hello.set_unconfirmed(confirm_by_.has_value());
    hello.set_rolled_back(rolled_back_);
}

void PolicyHalf::tell_changes(const v1::Hello& said, Outbox& out) const {
    if (said.rolled_back() != rolled_back_)
        tell_rolled_back(true, out); // nobody could have told it to
    else if (!wire::same(said.policy(), holding()))
        ack(out);
}

void PolicyHalf::received(Message message, SessionStats& stats, Outbox& out) {
    waiting_ = std::move(message);
    next(stats, out);
}

void PolicyHalf::next(SessionStats& stats, Outbox& out) {
    if (applying_ || !waiting_)
        return;
    const Message message = *std::exchange(waiting_, std::nullopt);
    auto candidate = check(message);
    if (!candidate) {
        ++stats.refused_policies;
        nack(version_of_any(message), candidate.error(), out);
    } else if (wire::same(candidate->policy->holding, holding())) {
        if (candidate->confirm_within.count() == 0)
            confirm(holding().version(), out);
        ack(out);
    } else {
        applying_ = std::move(*candidate);
        out.actions.emplace_back(action::ApplyPolicy{applying_->policy, applying_->confirm_within});
    }
}

std::expected<HeldPolicy, PolicyHalf::Refusal>
PolicyHalf::from_delta(const v1::PolicyDelta& delta) const {
    auto applied = wire::apply(delta, held_ ? held_->policy : v1::Policy{}, holding());
    if (!applied)
        return std::unexpected(Refusal{reason_of(applied.error().code), applied.error().message});
    HeldPolicy out;
    out.envelope.set_key_id(delta.key_id());
    out.envelope.set_payload(std::move(applied->content));
    out.envelope.set_signature(delta.signature());
    out.policy = std::move(applied->half);
    out.holding = delta.target();
    return verified(std::move(out));
}

std::expected<HeldPolicy, PolicyHalf::Refusal>
PolicyHalf::from_snapshot(const v1::PolicySnapshot& snapshot) const {
    HeldPolicy signed_one;
    signed_one.envelope = snapshot.signed_policy();
    auto out = verified(std::move(signed_one));
    if (!out)
        return out;
    const auto& payload = out->envelope.payload();
    if (!out->policy.ParseFromString(payload))
        return std::unexpected(Refusal{v1::MALFORMED, "the signed bytes are no policy"});
    out->holding.set_version(out->policy.version());
    out->holding.set_hash(wire::content_hash(payload));
    return out;
}

std::expected<HeldPolicy, PolicyHalf::Refusal> PolicyHalf::verified(HeldPolicy policy) const {
    if (verify_(policy.envelope))
        return policy;
    return std::unexpected(
        Refusal{v1::BAD_SIGNATURE,
                fmt::format("the policy is not signed by the key that was pinned at pairing (it "
                            "names key '{}'); pair this host again if the controller's key was "
                            "replaced",
                            policy.envelope.key_id())});
}

std::expected<PolicyHalf::Candidate, PolicyHalf::Refusal>
PolicyHalf::check(const Message& message) const {
    const auto* snapshot = std::get_if<v1::PolicySnapshot>(&message);
    auto held =
        snapshot ? from_snapshot(*snapshot) : from_delta(std::get<v1::PolicyDelta>(message));
    if (!held)
        return std::unexpected(held.error());
    const auto now = holding();
    if (held->policy.version() <= now.version() && !wire::same(held->holding, now))
        return std::unexpected(
            Refusal{v1::OLD_VERSION,
                    fmt::format("version {} is not newer than version {}, which is enforced; to "
                                "roll back, provision the old content as a new version",
                                held->policy.version(), now.version())});
    return Candidate{std::make_shared<const HeldPolicy>(std::move(*held)), confirm_within(message)};
}

void PolicyHalf::applied(std::uint64_t version, Time now, SessionStats& stats, Outbox& out) {
    if (!applying_ || applying_->policy->policy.version() != version)
        return;
    const auto candidate = *std::exchange(applying_, std::nullopt);
    if (candidate.confirm_within.count() == 0) {
        confirm_by_.reset();
        last_confirmed_.reset();
    } else {
        if (!confirm_by_)
            last_confirmed_ = held_;
        confirm_by_ = now + candidate.confirm_within;
    }
    held_ = candidate.policy;
    ++stats.policies;
    ack(out);
    next(stats, out);
}

void PolicyHalf::refused(std::uint64_t version, const std::string& sentence, SessionStats& stats,
                         Outbox& out) {
    if (!applying_ || applying_->policy->policy.version() != version)
        return;
    applying_.reset();
    ++stats.refused_policies;
    nack(version, {v1::REFUSED, sentence}, out);
    next(stats, out);
}

void PolicyHalf::confirm(std::uint64_t version, Outbox& out) {
    if (!confirm_by_ || version != holding().version())
        return;
    confirm_by_.reset();
    last_confirmed_.reset();
    out.actions.emplace_back(action::Confirmed{version});
}

void PolicyHalf::roll_back(std::uint64_t version, SessionStats& stats, Outbox& out) {
    if (confirm_by_ && !applying_ && version == holding().version())
        leave(false, stats, out);
}

void PolicyHalf::tick(Time now, SessionStats& stats, Outbox& out) {
    if (const auto due = deadline(); due && now >= *due)
        leave(true, stats, out);
}

void PolicyHalf::leave(bool timed_out, SessionStats& stats, Outbox& out) {
    rolled_back_ = holding().version();
    held_ = std::exchange(last_confirmed_, nullptr);
    confirm_by_.reset();
    ++stats.roll_backs;
    out.actions.emplace_back(action::RollBackTo{held_, rolled_back_});
    tell_rolled_back(timed_out, out);
}

void PolicyHalf::tell_rolled_back(bool timed_out, Outbox& out) const {
    v1::ToController message;
    auto& told = *message.mutable_rolled_back();
    told.set_version(rolled_back_);
    *told.mutable_held() = holding();
    told.set_timed_out(timed_out);
    out.send(message);
}

void PolicyHalf::ack(Outbox& out) const {
    send_ack(v1::POLICY, holding(), out);
}

void PolicyHalf::nack(std::uint64_t version, const Refusal& refusal, Outbox& out) const {
    send_nack(v1::POLICY, version, refusal, holding(), out);
}

v1::Holding InventoryHalf::holding() const {
    return held_ ? held_->holding : v1::Holding{};
}

void InventoryHalf::write(v1::Hello& hello) const {
    *hello.mutable_inventory() = holding();
}

void InventoryHalf::tell_changes(const v1::Hello& said, Outbox& out) const {
    if (!wire::same(said.inventory(), holding()))
        ack(out);
}

void InventoryHalf::received(Message message, Outbox& out) {
    waiting_ = std::move(message);
    next(out);
}

void InventoryHalf::next(Outbox& out) {
    if (applying_ || !waiting_)
        return;
    const Message message = *std::exchange(waiting_, std::nullopt);
    auto candidate = check(message);
    if (!candidate) {
        nack(version_of_any(message), candidate.error(), out);
    } else if (wire::same((*candidate)->holding, holding())) {
        ack(out);
    } else {
        applying_ = std::move(*candidate);
        out.actions.emplace_back(action::ApplyInventory{applying_});
    }
}

std::expected<InventoryRef, InventoryHalf::Refusal>
InventoryHalf::check(const Message& message) const {
    HeldInventory held;
    if (const auto* delta = std::get_if<v1::InventoryDelta>(&message)) {
        auto inventory = wire::apply(*delta, held_ ? held_->inventory : v1::Inventory{}, holding());
        if (!inventory)
            return std::unexpected(
                Refusal{reason_of(inventory.error().code), inventory.error().message});
        held.inventory = std::move(inventory->half);
        held.holding = delta->target();
    } else {
        held.inventory = std::get<v1::InventorySnapshot>(message).inventory();
        held.holding = wire::holding(held.inventory);
    }
    return std::make_shared<const HeldInventory>(std::move(held));
}

void InventoryHalf::applied(std::uint64_t revision, Outbox& out) {
    if (!applying_ || applying_->inventory.revision() != revision)
        return;
    held_ = std::exchange(applying_, nullptr);
    ack(out);
    next(out);
}

void InventoryHalf::refused(std::uint64_t revision, const std::string& sentence, Outbox& out) {
    if (!applying_ || applying_->inventory.revision() != revision)
        return;
    applying_.reset();
    nack(revision, {v1::REFUSED, sentence}, out);
    next(out);
}

void InventoryHalf::ack(Outbox& out) const {
    send_ack(v1::INVENTORY, holding(), out);
}

void InventoryHalf::nack(std::uint64_t revision, const Refusal& refusal, Outbox& out) const {
    send_nack(v1::INVENTORY, revision, refusal, holding(), out);
}

} // namespace ringwall::agent
