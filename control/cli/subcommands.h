// One per file cmd_*.cpp.
#pragma once

#include "control/cli/command.h"

namespace ringwall::cli {

// This host: its agent, its kernel, files.
extern const Command status_command, flows_command, why_command, policy_check_command,
    policy_show_command, snapshot_command, check_command, pause_command, resume_command,
    detach_command, sysdump_command, completion_command, version_command;

// The fleet, by the controller.
extern const Command get_command, describe_command, apply_command, delete_command, diff_command,
    provision_command, rollback_command, versions_command, rollout_status_command, confirm_command,
    proceed_command, abort_command, stage_command, unstage_command, freeze_command,
    unfreeze_command, mode_command, label_command, import_command, impact_command, map_command,
    top_command, propose_command, findings_command, exposure_command, suggest_command, pair_command,
    whoami_command, backup_command, agents_list_command, agents_describe_command,
    agents_revoke_command, agents_pause_command, agents_resume_command, token_list_command,
    token_create_command, token_revoke_command, audit_list_command, audit_verify_command,
    authority_show_command, authority_announce_command, authority_switch_command,
    authority_retire_command;

// Which controller.
extern const Command context_list_command, context_use_command, context_set_command,
    context_delete_command;

// The hidden __complete: candidates for the last word, "value\tdescription" per line.
std::string complete(std::span<const std::string> words);

} // namespace ringwall::cli
