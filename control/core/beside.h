// What an agent is given while a draft is staged: two policies, and one inventory for both.
//
// Both fleets have to split identities alike (Fleet::name_also), so that a number means the same in
// either half and every address has the same owners. The inventory then holds more than the active
// policy asks for, and decides nothing else by it: rules name identities, and who is named by none
// of them is nobody. A rule for all workloads has them all in its inventory already.
#pragma once

#include <string>

#include "control/compute/fleet.h"

namespace ringwall::core {

struct Sources {
    const compute::Fleet& fleet;            // what is enforced
    const compute::Fleet* staged = nullptr; // null: nothing is judged beside it
};

// compute's errors, of either fleet. Policy.version and Inventory.revision are the fleets'.
std::expected<v1::Policy, compute::Error> policy_of(const Sources& from, const std::string& agent);
std::expected<v1::Inventory, compute::Error> inventory_of(const Sources& from,
                                                          const std::string& agent);

// Would the agent's subjects have other rules or lists? False where one of the fleets has no such
// agent.
bool differs(const compute::Fleet& one, const compute::Fleet& other, const std::string& agent);

} // namespace ringwall::core
