// One per file cmd_*.cpp.
#pragma once

#include "control/cli/command.h"

namespace ringwall::cli {

extern const Command status_command, flows_command, why_command, policy_check_command,
    policy_show_command, snapshot_command, check_command, pause_command, resume_command,
    detach_command, sysdump_command, completion_command, version_command;

// The hidden __complete: candidates for the last word, "value\tdescription" per line.
std::string complete(std::span<const std::string> words);

} // namespace ringwall::cli
