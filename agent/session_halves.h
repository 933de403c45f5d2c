// The two halves of the snapshot inside the agent's session: what is held, what is being applied,
// what waits for its Confirm.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "agent/session.h"
#include "common/error.h"

namespace ringwall::agent {

// Where the parts of the session put their actions. Messages go out only while the session is live;
// what they would have said is in the next Hello, or after its Welcome.
struct Outbox {
    std::vector<Action> actions;
    bool live = false;

    void send(const v1::ToController& message);
};

class PolicyHalf {
  public:
    PolicyHalf(const SessionStart& start, Verifier verify);

    using Message = std::variant<v1::PolicySnapshot, v1::PolicyDelta>;
    void received(Message message, SessionStats& stats, Outbox& out);
    void applied(std::uint64_t version, Time now, SessionStats& stats, Outbox& out);
    void refused(std::uint64_t version, const std::string& sentence, SessionStats& stats,
                 Outbox& out);
    void confirm(std::uint64_t version, Outbox& out);
    void roll_back(std::uint64_t version, SessionStats& stats, Outbox& out);
    void tick(Time now, SessionStats& stats, Outbox& out);

    void write(v1::Hello& hello) const;
    void tell_changes(const v1::Hello& said, Outbox& out) const; // since then
    const PolicyRef& held() const { return held_; }
    std::optional<Time> confirm_by() const { return confirm_by_; }
    // Of the next tick; while something is being applied the deadline waits for its outcome.
    std::optional<Time> deadline() const { return applying_ ? std::nullopt : confirm_by_; }

  private:
    using Refusal = BasicError<v1::NackReason>;
    struct Candidate {
        PolicyRef policy;
        std::chrono::seconds confirm_within;
    };
    std::expected<HeldPolicy, Refusal> from_snapshot(const v1::PolicySnapshot& snapshot) const;
    std::expected<HeldPolicy, Refusal> from_delta(const v1::PolicyDelta& delta) const;
    std::expected<HeldPolicy, Refusal> verified(HeldPolicy policy) const;
    std::expected<Candidate, Refusal> check(const Message& message) const;
    v1::Holding holding() const;
    void next(SessionStats& stats, Outbox& out);
    void leave(bool timed_out, SessionStats& stats, Outbox& out);
    void tell_rolled_back(bool timed_out, Outbox& out) const;
    void ack(Outbox& out) const;
    void nack(std::uint64_t version, const Refusal& refusal, Outbox& out) const;

    Verifier verify_;
    PolicyRef held_, last_confirmed_;
    std::optional<Time> confirm_by_;
    std::uint64_t rolled_back_;
    std::optional<Candidate> applying_;
    std::optional<Message> waiting_; // came while another one is being applied; the newest
};

class InventoryHalf {
  public:
    explicit InventoryHalf(const SessionStart& start) : held_(start.inventory) {}

    using Message = std::variant<v1::InventorySnapshot, v1::InventoryDelta>;
    void received(Message message, Outbox& out);
    void applied(std::uint64_t revision, Outbox& out);
    void refused(std::uint64_t revision, const std::string& sentence, Outbox& out);

    void write(v1::Hello& hello) const;
    void tell_changes(const v1::Hello& said, Outbox& out) const; // since then
    const InventoryRef& held() const { return held_; }

  private:
    using Refusal = BasicError<v1::NackReason>;
    std::expected<InventoryRef, Refusal> check(const Message& message) const;
    v1::Holding holding() const;
    void next(Outbox& out);
    void ack(Outbox& out) const;
    void nack(std::uint64_t revision, const Refusal& refusal, Outbox& out) const;

    InventoryRef held_, applying_;
    std::optional<Message> waiting_;
};

} // namespace ringwall::agent
