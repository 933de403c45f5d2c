// What the agents enforce: the active version for everybody, or, while a canary runs, the next one
// for its first agents. Computes, and sends what came of it once the store has it.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/compute/fleet.h"
#include "control/core/deliveries.h"
#include "control/core/error.h"

namespace ringwall::core {

// A version that waits for its confirmation, and how long agents that get it now may wait.
struct Pending {
    std::uint64_t version = 0; // 0: none does
    std::chrono::seconds within{};
};

class Fleets {
  public:
    Fleets(fleet::Hub& hub, Ledger& ledger, pki::PrivateKey signing_key);

    Result<void> load(const model::Policy& active, std::uint64_t version);
    // A canary that was under way before a restart goes on: after prepare().
    void resume(std::set<std::string> first) { first_ = std::move(first); }

    // Computed, numbers kept, nothing sent yet.
    struct Computed {
        compute::Change active;
        std::optional<compute::Change> next;
    };
    struct Edit {
        std::vector<model::Workload> puts;
        std::vector<std::string> removed;
    };
    // `inverse` leads back, should one of two versions refuse the edit.
    Result<Computed> edit(const Edit& wanted, const Edit& inverse);
    // The inverse of an edit that was computed, not sent, and could not be stored.
    void undo(const Edit& inverse);
    Result<Computed> provision(const model::Policy& policy, std::uint64_t version);
    void send(const Computed& computed, const Pending& pending);

    // The next version, for nobody yet; then for these agents only.
    Result<void> prepare(const model::Policy& policy, std::uint64_t version);
    void begin(std::set<std::string> first, const Pending& pending);
    // For everybody from now on: `policy` is the prepared one.
    Result<Computed> proceed(const model::Policy& policy);
    // The canary's agents go back to the active one.
    void retreat();

    // Those whose policy would differ, without changing anything.
    Result<std::vector<std::string>> concerned(const model::Policy& active,
                                               const model::Policy& policy) const;

    void greet(const std::string& agent, const v1::Hello& hello, const Pending& pending);
    void send_all(const std::string& agent, const Pending& pending);
    void confirm(); // what agents wait for
    // Agents that were given this version last get what is active, also where only its number
    // differs: they may have left it.
    void replace(std::uint64_t version);
    void roll_back(); // agents that wait for a confirmation leave what they have
    void forget(const std::string& agent) { deliveries_.forget(agent); }

    const Deliveries& deliveries() const { return deliveries_; }
    const compute::Fleet& of(const std::string& agent) const;
    std::uint64_t version() const { return active_->version(); }
    bool is_first(const std::string& agent) const { return first_.contains(agent); }

  private:
    Result<compute::Fleet> compiled(const model::Policy& policy, std::uint64_t version) const;
    static std::chrono::seconds within(const compute::Fleet& fleet, const Pending& pending);
    static void undo(compute::Fleet& fleet, const Edit& inverse);
    void tell(void (fleet::Hub::*verdict)(const std::string&, std::uint64_t));

    fleet::Hub& hub_;
    Ledger& ledger_;
    Deliveries deliveries_;
    std::optional<compute::Fleet> active_, next_;
    std::set<std::string> first_; // agents that get next_
};

// Of compute's refusal, with the object and the field it speaks of.
Error from(const compute::Error& error);

} // namespace ringwall::core
