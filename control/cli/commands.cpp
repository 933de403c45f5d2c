#include <array>

#include "control/cli/subcommands.h"

namespace ringwall::cli {

std::span<const Command> commands() {
    static const std::array table{status_command,       flows_command,       why_command,
                                  policy_check_command, policy_show_command, snapshot_command,
                                  check_command,        pause_command,       resume_command,
                                  detach_command,       sysdump_command,     completion_command,
                                  version_command};
    return table;
}

std::span<const Flag> common_flags() {
    static constexpr std::array table{
        Flag{"-o,--output", "FORMAT", "table (default), json, or jsonl for one object per line"},
        Flag{"--socket", "PATH", "the agent's socket (default /run/ringwall/agent.sock)"},
        Flag{"--wait", "SECONDS", "wait this long for the agent to come up"},
        Flag{"--color", "WHEN", "auto (default), always or never; NO_COLOR is respected"}};
    return table;
}

} // namespace ringwall::cli
