// What the agents enforce: the active version for everybody, or, while a canary runs, the next one
// for its first agents. Beside it the staged draft, which enforces nothing. Computes, and sends
// what came of it once the store has it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
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
        std::vector<compute::Change> active, next, staged; // one after the other
        bool restaged = false;                             // another staging, or none any more
        // Of stage() and unstage(): agents get other numbers for what they enforce.
        bool renumbers() const;
        void add(Computed more);
    };
    struct Edit {
        std::vector<model::Workload> puts;
        std::vector<std::string> removed;
    };
    // `inverse` leads back, should one of the fleets refuse the edit.
    Result<Computed> edit(const Edit& wanted, const Edit& inverse);
    // The inverse of an edit that was computed, not sent, and could not be stored.
    void undo(const Edit& inverse);
    // `former`: what is in force, and stays when this fails.
    // Peers' rules find it no more, or again: its addresses are nobody's meanwhile.
    Result<Computed> hide(const model::Workload& workload, bool hidden);
    Result<Computed> provision(const model::Policy& policy, std::uint64_t version,
                               const model::Policy& former);
    void send(const Computed& computed, const Pending& pending);

    // The next version, for nobody yet; then for these agents only.
    Result<Computed> prepare(const model::Policy& policy, std::uint64_t version);
    void begin(std::set<std::string> first, const Computed& prepared, const Pending& pending);
    // For everybody from now on: `policy` is the prepared one, `former` that of the others.
    Result<Computed> proceed(const model::Policy& policy, const model::Policy& former);
    // The canary's agents go back to the active one.
    void retreat();

    // The draft that agents judge beside what they enforce, in the place of the one before.
    Result<Computed> stage(const model::Policy& policy, std::uint64_t number);
    Result<Computed> unstage();
    // Agents for which it says something else than what they enforce: they alone are given it.
    const std::set<std::string>& staged_for() const { return staged_for_; }
    // The agent refused a policy: what is staged must not be why it lacks what it is to enforce. If
    // the policy had a draft beside it, the agent is given the same without one, and none until
    // another is staged. False: there was none.
    bool leave_out_staged(const std::string& agent, const v1::Nack& nack, const Pending& pending);
    const std::map<std::string, std::string>& staged_refused() const { return staged_refused_; }

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
    void forget(const std::string& agent);

    const Deliveries& deliveries() const { return deliveries_; }
    const compute::Fleet& of(const std::string& agent) const;
    Sources sources(const std::string& agent) const; // of what it is given
    std::uint64_t version() const { return active_->version(); }
    bool is_first(const std::string& agent) const { return first_.contains(agent); }

  private:
    Result<compute::Fleet> compiled(const model::Policy& policy, std::uint64_t version) const;
    Result<Computed> put_staged(std::optional<compute::Fleet> fleet);
    Result<void> align(Computed& out);
    void back_to(const model::Policy& former, std::uint64_t version);
    // What one send() means to an agent.
    struct Touch {
        Deliveries::Halves own, staged;
        bool gains = false, loses = false; // identities, of what it enforces
    };
    using Touches = std::map<std::string, Touch>;
    Touches touches(const Computed& computed) const;
    static void touch(Touches& out, const compute::Change& change, Deliveries::Halves Touch::* half,
                      const std::function<bool(const std::string&)>& takes);
    bool consider(const std::string& agent);
    static std::chrono::seconds within(const compute::Fleet& fleet, const Pending& pending);
    void undo(compute::Fleet& fleet, const Edit& inverse) const;
    std::vector<model::Workload> as_seen(std::vector<model::Workload> workloads) const;
    void tell(void (fleet::Hub::*verdict)(const std::string&, std::uint64_t));

    fleet::Hub& hub_;
    Ledger& ledger_;
    Deliveries deliveries_;
    std::optional<compute::Fleet> active_, next_, staged_;
    std::set<std::string> first_;  // agents that get next_
    std::set<std::string> hidden_; // workloads
    std::set<std::string> staged_for_;
    std::map<std::string, std::string> staged_refused_; // agent -> its sentence
};

// Of compute's refusal, with the object and the field it speaks of.
Error from(const compute::Error& error);

} // namespace ringwall::core
