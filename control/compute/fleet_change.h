// What one change of the fleet means to its agents: values that stay true when the fleet goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

struct Program;

// The rules of one distinct subject, shared by every workload that has its identity.
struct SubjectRules {
    std::vector<std::shared_ptr<const Program>> programs; // by rule id, outbound first
    std::set<std::string> lists;                          // every list they name
};

// A subject as it was when the change was made.
struct SubjectState {
    std::shared_ptr<const model::Workload> workload;
    std::uint32_t identity = 0;
    std::shared_ptr<const SubjectRules> rules;

    v1::Subject wire() const;
    bool same(const SubjectState& other) const; // nothing that wire() shows differs
};

struct PolicyDelta {
    std::vector<SubjectState> subjects; // new or changed, whole; key: workload name
    std::vector<std::string> removed_subjects;
    std::vector<std::shared_ptr<const v1::AddressList>> lists; // new or changed; key: name
    std::vector<std::string> removed_lists;
    bool empty() const;
};

struct InventoryDelta {
    // Its rules mean others than before, so that all may differ: the lists below stay empty, and
    // Fleet::inventory() has what is now.
    bool whole = false;
    bool gains = false, loses = false;    // identities
    std::vector<v1::Identity> identities; // new; what a number means never changes while it is out
    std::vector<std::uint32_t> removed_identities;
    std::vector<v1::AddressOwner> addresses; // new or changed; key: address and host
    std::vector<std::pair<std::string, std::string>> removed_addresses;
    bool empty() const;
};

struct HostChange {
    std::string host;
    std::shared_ptr<const PolicyDelta> policy;       // null: this half is unchanged
    std::shared_ptr<const InventoryDelta> inventory; // null: this half is unchanged
    // Not null: `policy` is shared by hosts alike, and its one subject is this workload here.
    std::shared_ptr<const model::Workload> alike;

    std::vector<SubjectState> subjects() const; // those of `policy`, as they are here
};

// Hosts that are one subject alone and have its identity: a change means the same to all of them.
// Shared by changes, as the same hosts are concerned again and again.
using Roster = std::vector<std::shared_ptr<const model::Workload>>;

struct AlikeChange {
    std::shared_ptr<const Roster> hosts;
    std::shared_ptr<const PolicyDelta> policy; // of the first; null as in HostChange
    std::shared_ptr<const InventoryDelta> inventory;
};

// `version` counts provisions and belongs to the policy half, `revision` rises with every change.
// Both count for the whole fleet: a host that is not named has the same content under them.
struct Change {
    std::uint64_t version = 0, revision = 0;
    // Each host once, in no order, with at least one half that differs.
    std::vector<HostChange> hosts;     // those by themselves
    std::vector<AlikeChange> alike;    // and those that get the same as others
    std::set<std::string> excepted;    // of `alike`: who has it already
    std::vector<std::string> joined;   // agents that are new: give them a snapshot
    std::vector<std::string> gone;     // agents that are no more
    std::vector<std::uint32_t> rested; // identities that nobody has any more

    void each_host(const std::function<void(const HostChange&)>& visit) const;
    std::vector<std::string> with_other_policy() const; // hosts, by name
    bool concerns_hosts() const { return !hosts.empty() || !alike.empty(); }
    // They have it already.
    void except(const std::set<std::string>& names);
};

} // namespace ringwall::compute
