// Desired versus applied: from one snapshot to the next, as one loader::Delta that never shows half
// a policy. Pure: the datapath is known only by what it held at the start (LiveView), and the
// caller says how each apply ended.
//
//     auto delta = enforcer.plan(snapshot);          // or the sentence for the NACK
//     datapath.apply(*delta) ? enforcer.applied() : enforcer.failed();
//
// What Delta's receiver has to keep: peers in the order given (longest prefix first), and all of
// them before subjects; a removed prefix is first rewritten among `peers`, so when exactly it is
// removed does not matter.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/compile.h"
#include "agent/membership.h"
#include "agent/node.h"
#include "control/proto/policy.pb.h"
#include "loader/datapath.h"

namespace ringwall::agent {

// What the datapath held when the agent started: all empty for new maps.
struct LiveView {
    bool adopted = false;
    loader::Datapath::Highest highest;
    std::map<std::uint32_t, loader::Subject> subjects;
    std::map<Prefix, std::uint32_t> peers;
};
LiveView live_view(const loader::Datapath& datapath, loader::Datapath::Highest highest);

struct Explanation {
    std::string subject; // workload name; empty: unknown
    std::map<std::string, std::string> subject_labels;
    std::uint32_t subject_identity = 0;      // as the snapshot numbers it; 0: none
    std::vector<std::string> peer_workloads; // names; several: claimed by several
    std::vector<std::map<std::string, std::string>> peer_labels; // one per identity
    std::vector<std::uint32_t> peer_identities;                  // as the snapshot numbers them
    std::vector<std::string> peer_lists; // names of lists that contain the address
    bool peer_known = false;             // belongs to some workload
    bool peer_managed = false;           // every identity has an agent
    std::vector<Match> matches;          // all rules that matched, deciding one first
    std::string rule() const { return matches.empty() ? "" : matches.front().rule; }
};

class Enforcer {
  public:
    // After a restart on adopted maps: `last_good` is the snapshot that was applied last, so that
    // its rule sets can be continued under their live ids until the first apply() is through.
    explicit Enforcer(NodeContext node, const LiveView& live = {},
                      const v1::Snapshot* last_good = nullptr);
    ~Enforcer();
    Enforcer(Enforcer&&) noexcept;
    Enforcer& operator=(Enforcer&&) noexcept;
    Enforcer(const Enforcer&) = delete;
    Enforcer& operator=(const Enforcer&) = delete;

    // The step from what is applied to `snapshot`. On error nothing has changed. Planning the
    // applied snapshot again gives a delta without rows.
    Result<loader::Delta> plan(const v1::Snapshot& snapshot);
    void applied();
    void failed(); // as if plan() had never been called
    // What the maps hold is not known any more: the next plan writes everything anew.
    void distrust();

    // Which container each cgroup id belongs to ("" = none); rows for live rule sets. Cumulative:
    // later plans give new rule sets the same rows.
    loader::Delta set_containers(std::map<std::uint64_t, std::string> containers);

    // Subjects of the applied (or, while one is pending, planned) snapshot without a cgroup.
    const std::vector<std::string>& missing_subjects() const;
    std::uint64_t policy_version() const; // 0: none applied

    Explanation explain(const loader::Event& event) const;
    // All rules of a rule set that match under an entry, deciding one first.
    std::vector<Match> matches(std::uint32_t rule_set, std::uint32_t entry, std::uint64_t sure,
                               std::uint64_t maybe, std::uint8_t reason) const;

    std::uint64_t staging() const;              // number of what is staged; 0: nothing is
    const std::string& staging_trouble() const; // why this node cannot judge it; "": it does
    bool is_staged(std::uint32_t rule_set) const;

    // The peer part of explain(), for an address alone.
    Explanation explain_address(const Address& address) const;
    std::string subject_name(std::uint32_t subject) const;

    struct Sizes {
        std::size_t peers = 0, memberships = 0, rule_sets = 0, classes = 0, entries = 0;
    };
    Sizes sizes() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// A subject's rules, one sentence each: "allow in from role=Web Server on tcp 8080 as unit
// tomcat10.service (payments/web-to-app)". Rules keep the snapshot's order.
std::vector<std::string> rules_in_words(const v1::Snapshot& snapshot, const v1::Subject& subject);

} // namespace ringwall::agent
