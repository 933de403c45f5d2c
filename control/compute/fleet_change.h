// What one change of the fleet means to its agents: values that stay true when the fleet goes on.
#pragma once

#include <cstdint>
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
};

// `version` counts provisions and belongs to the policy half, `revision` rises with every change.
// Both count for the whole fleet: a host that is not named has the same content under them.
struct Change {
    std::uint64_t version = 0, revision = 0;
    std::vector<HostChange> hosts;     // once each, in no order; at least one half differs
    std::vector<std::string> joined;   // agents that are new: give them a snapshot
    std::vector<std::string> gone;     // agents that are no more
    std::vector<std::uint32_t> rested; // identities that nobody has any more
};

} // namespace ringwall::compute
