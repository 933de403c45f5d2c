// Would the policy still be valid with these workloads? Asked of the part that speaks of them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "control/compute/fleet_members.h"
#include "control/model/model.h"

namespace ringwall::compute {

struct Edit {
    std::vector<std::shared_ptr<const model::Workload>> puts;
    std::set<std::string> removed;
};

// Workload names that rules name, with the rule sets that do.
using Naming = std::map<std::string, std::set<const model::RuleSet*>>;
Naming naming_of(const model::Policy& policy);

// The part of the policy, after the edit, that model::validate() can find an error in because of
// the edit; the policy before it was valid.
model::Policy neighbourhood(const Members& members, const Edit& edit, const Naming& naming);

// The whole policy after the edit.
model::Policy whole(const Members& members, const Edit& edit, const model::Policy& objects);

} // namespace ringwall::compute
