// From compiled policy to what goes out to each agent: signed, numbered, and only where it differs
// from what the agent holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/pki/keys.h"
#include "control/core/beside.h"
#include "control/core/ledger.h"
#include "control/fleet/hub.h"

namespace ringwall::core {

class Deliveries {
  public:
    Deliveries(fleet::Hub& hub, Ledger& ledger, pki::PrivateKey signing_key)
        : hub_(hub), ledger_(ledger), key_(std::move(signing_key)) {}

    // Which halves an agent is to be given. The one that does not fit what the agent holds goes
    // first: then it waits for the other, and never enforces new rules with old identities.
    struct Halves {
        bool policy = false, inventory = false;
        bool inventory_first = false;
    };
    // To a connected agent; others get it when they come.
    void send(const Sources& from, const std::string& agent, const Halves& halves,
              std::uint64_t revision, std::chrono::seconds confirm_within);
    // Both halves as they are now.
    void send_all(const Sources& from, const std::string& agent,
                  std::chrono::seconds confirm_within);
    // The agent has just said what it holds: what is the same is not sent again.
    void greet(const Sources& from, const std::string& agent, const v1::Hello& hello,
               std::chrono::seconds confirm_within);
    void forget(const std::string& agent) { sent_.erase(agent); }

    // What the agent was given last.
    struct Sent {
        std::uint64_t policy = 0, inventory = 0; // counters on the wire
        std::uint64_t provisioned = 0;
        bool staged = false; // with a draft beside it
    };
    const Sent* sent(std::string_view agent) const;

    struct Counters {
        std::uint64_t policies = 0, inventories = 0;
    };
    const Counters& counters() const { return counters_; }

  private:
    using Within = std::chrono::seconds;
    void offer(const Sources& from, const std::string& agent, const Halves& halves,
               std::uint64_t revision, Within confirm_within);
    // Noted as sent. null: there is none, or it cannot be signed.
    fleet::ReleaseRef next_policy(const Sources& from, const std::string& agent,
                                  std::uint64_t revision);
    fleet::ReleaseRef next_inventory(const Sources& from, const std::string& agent,
                                     std::uint64_t revision);
    fleet::ReleaseRef signed_release(const v1::Policy& policy) const;

    fleet::Hub& hub_;
    Ledger& ledger_;
    pki::PrivateKey key_;
    std::map<std::string, Sent, std::less<>> sent_;
    Counters counters_;
};

} // namespace ringwall::core
