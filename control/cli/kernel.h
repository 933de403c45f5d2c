// What the command line asks of the kernel itself, without an agent.
#pragma once

#include <string>
#include <vector>

#include "control/cli/command.h"
#include "loader/datapath.h"

namespace ringwall::cli {

Result<std::vector<loader::Feature>> host_features();
Result<void> detach_pins(const std::string& pin_dir, const std::string& cgroup);

} // namespace ringwall::cli
