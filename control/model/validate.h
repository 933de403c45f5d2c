// What must hold between the objects of a policy. The form of each single object is the loader's.
#pragma once

#include <vector>

#include "control/model/model.h"
#include "control/model/problem.h"

namespace ringwall::model {

// Unique names, known references, no group cycles, hosts of cgroups, selectors per rule set, named
// workloads inside the scope they are narrowed by. Empty: the policy is good. In file order.
std::vector<Problem> validate(const Policy& policy);

// Fills in what may be left out: `host` of a workload with a cgroup, when exactly one managed
// workload without cgroup could be meant. Call before validate().
void complete(Policy& policy);

} // namespace ringwall::model
