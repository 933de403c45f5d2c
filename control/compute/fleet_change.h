// Whom one change of the fleet concerns, and with which half of what an agent is given. What is new
// for them is asked of the fleet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/model/model.h"

namespace ringwall::compute {

struct InventoryChange {
    bool gains = false, loses = false; // identities that it can name
    bool operator==(const InventoryChange&) const = default;
};

struct HostChange {
    std::string host;
    bool policy = false;                      // this half differs
    std::optional<InventoryChange> inventory; // nullopt: this half is unchanged
};

// Hosts that are one subject alone and have its identity: a change means the same to all of them.
// Shared by changes, as the same hosts are concerned again and again.
using Roster = std::vector<std::shared_ptr<const model::Workload>>;

struct AlikeChange {
    std::shared_ptr<const Roster> hosts;
    bool policy = false; // as in HostChange
    std::optional<InventoryChange> inventory;
};

// `version` counts provisions and belongs to the policy half, `revision` rises with every change.
// Both count for the whole fleet: a host that is not named has the same content under them.
struct Change {
    std::uint64_t version = 0, revision = 0;
    // Each host once, in no order, with at least one half that differs.
    std::vector<HostChange> hosts;     // those by themselves
    std::vector<AlikeChange> alike;    // and those to whom it means the same
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
