// Policy files for commands that work without an agent.
#pragma once

#include <string>

#include "control/cli/command.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::cli {

Result<model::Policy> load_policy(const std::string& path); // error: every problem, one per line
// What the agent of `workload` would enforce; a subject inside a host gives its host's snapshot.
Result<v1::Snapshot> compile_for(const model::Policy& policy, const std::string& workload);
// A workload by name or by one of its addresses; null: nobody.
const model::Workload* find_workload(const model::Policy& policy, const std::string& who);

} // namespace ringwall::cli
