#include <array>

#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

constexpr std::array agent_formats{
    Flag{"-o,--output", "FORMAT", "table (default), json, or jsonl for one object per line"}};
constexpr std::array controller_formats{Flag{
    "-o,--output", "FORMAT", "table (default), wide, json, yaml, or name for KIND/NAME per line"}};
constexpr std::array any_formats{
    Flag{"-o,--output", "FORMAT", "table (default), json, jsonl or yaml"}};
constexpr std::array agent_reach{
    Flag{"--socket", "PATH", "the agent's socket (default /run/ringwall/agent.sock)"},
    Flag{"--wait", "SECONDS", "wait this long for the agent to come up"}};
constexpr std::array controller_reach{
    Flag{"--context", "NAME", "the controller of 'ringwall context set'"},
    Flag{"--server", "URL", "the controller, for example https://controller.example:8443"},
    Flag{"--ca", "FILE", "PEM file of its CA, or the CA's SHA-256 fingerprint"},
    Flag{"--token-file", "FILE", "file with the token, readable by its owner only"}};
constexpr std::array colors{
    Flag{"--color", "WHEN", "auto (default), always or never; NO_COLOR is respected"}};

} // namespace

std::span<const Command> commands() {
    static const std::array table{status_command,
                                  flows_command,
                                  why_command,
                                  policy_check_command,
                                  policy_show_command,
                                  snapshot_command,
                                  check_command,
                                  pause_command,
                                  resume_command,
                                  detach_command,
                                  sysdump_command,
                                  get_command,
                                  describe_command,
                                  apply_command,
                                  delete_command,
                                  diff_command,
                                  stage_command,
                                  unstage_command,
                                  impact_command,
                                  map_command,
                                  top_command,
                                  propose_command,
                                  findings_command,
                                  exposure_command,
                                  suggest_command,
                                  provision_command,
                                  rollout_status_command,
                                  confirm_command,
                                  proceed_command,
                                  abort_command,
                                  rollback_command,
                                  versions_command,
                                  freeze_command,
                                  unfreeze_command,
                                  mode_command,
                                  label_command,
                                  import_command,
                                  pair_command,
                                  agents_list_command,
                                  agents_describe_command,
                                  agents_revoke_command,
                                  agents_pause_command,
                                  agents_resume_command,
                                  authority_show_command,
                                  authority_announce_command,
                                  authority_switch_command,
                                  authority_retire_command,
                                  token_list_command,
                                  token_create_command,
                                  token_revoke_command,
                                  audit_list_command,
                                  audit_verify_command,
                                  backup_command,
                                  whoami_command,
                                  context_list_command,
                                  context_use_command,
                                  context_set_command,
                                  context_delete_command,
                                  completion_command,
                                  version_command};
    return table;
}

std::string_view group_summary(std::string_view group) {
    return group == "policy"      ? "Look at policy files"
           : group == "context"   ? "Which controllers this account talks to"
           : group == "agents"    ? "Agents of the fleet: list, describe, revoke, pause, resume"
           : group == "authority" ? "The controller's CA: show, announce, switch, retire"
           : group == "token"     ? "Tokens of people and programs: list, create, revoke"
           : group == "audit"     ? "Who changed what, and whether the log is whole"
           : group == "rollout"   ? "The version under way"
                                  : "";
}

std::vector<std::span<const Flag>> common_flags(Peer peer) {
    switch (peer) {
    case Peer::agent:
        return {agent_formats, agent_reach, colors};
    case Peer::controller:
        return {controller_formats, controller_reach, colors};
    case Peer::both:
        return {any_formats, agent_reach, controller_reach, colors};
    case Peer::nobody:
        break;
    }
    return {any_formats, colors};
}

std::vector<std::span<const Flag>> flags_of(const Command& command) {
    auto out = common_flags(command.peer);
    out.insert(out.begin(), command.flags);
    return out;
}

} // namespace ringwall::cli
