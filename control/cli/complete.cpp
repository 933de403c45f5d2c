// Candidates for the last word of a command line that is being typed.
#include <algorithm>
#include <array>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/client.h"
#include "control/cli/complete_fleet.h"
#include "control/cli/policy_files.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

class Candidates {
  public:
    explicit Candidates(std::string_view typed) : typed_(typed) {}
    void add(std::string_view value, std::string_view description = "") {
        if (value.starts_with(typed_) && seen_.emplace(value).second)
            text_ += fmt::format("{}\t{}\n", value, description);
    }
    std::string text() const { return text_; }

  private:
    std::string typed_, text_;
    std::set<std::string> seen_;
};

// The command that these words begin with; null while it is not yet complete.
const Command* command_in(Words words) {
    for (const auto& command : commands()) {
        const auto space = command.name.find(' ');
        const auto first = command.name.substr(0, space);
        if (words.empty() || words[0] != first)
            continue;
        if (space == command.name.npos ||
            (words.size() > 1 && words[1] == command.name.substr(space + 1)))
            return &command;
    }
    return nullptr;
}

void add_commands(Words before, Candidates& out) {
    for (const auto& command : commands()) {
        const auto space = command.name.find(' ');
        const auto first = command.name.substr(0, space);
        if (before.empty())
            out.add(first, space == command.name.npos ? command.summary : group_summary(first));
        else if (before.size() == 1 && before[0] == first && space != command.name.npos)
            out.add(command.name.substr(space + 1), command.summary);
    }
}

std::string value_after(Words words, std::string_view flag) {
    const auto found = std::ranges::find(words, flag);
    return found == words.end() || found + 1 == words.end() ? std::string{} : *(found + 1);
}

// From the policy on the command line, else from the agent.
void add_workloads(Words words, Candidates& out) {
    if (const auto path = value_after(words, "--policy"); !path.empty()) {
        if (auto policy = load_policy(path))
            for (const auto& workload : policy->workloads)
                out.add(workload.name);
        return;
    }
    auto client = Client::connect(Arguments{});
    auto answer = client ? client->ask({{"do", "status"}})
                         : Result<boost::json::object>(std::unexpected(client.error()));
    const auto* subjects = answer ? at(*answer, "status.subjects") : nullptr;
    if (subjects && subjects->is_array())
        for (const auto& subject : subjects->get_array())
            out.add(text_at(subject, "workload"), text_at(subject, "context"));
}

void add_values(const Command& command, const Flag& flag, Words words, Candidates& out) {
    const auto name = flag.long_name();
    if (command.peer == Peer::controller && name != "--output" && name != "--color") {
        for (const auto& value : option_candidates(name, words))
            out.add(value);
        return;
    }
    const auto offer = [&](std::initializer_list<std::string_view> values) {
        for (auto value : values)
            out.add(value);
    };
    if (name == "--verdict")
        offer({"allowed", "would-block", "unmatched", "blocked"});
    else if (name == "--direction")
        offer({"inbound", "outbound"});
    else if (name == "--protocol" || name == "--proto")
        offer({"tcp", "udp", "icmp", "icmpv6", "sctp", "udplite"});
    else if (name == "--output" && !command.more_formats.empty()) {
        offer({"table", "json", "yaml"});
        for (const auto format : command.more_formats)
            out.add(std::string(format));
    } else if (name == "--output" && command.peer == Peer::controller)
        offer({"table", "wide", "json", "yaml", "name"});
    else if (name == "--output")
        offer({"table", "json", "jsonl"});
    else if (name == "--context")
        for (const auto& value : context_names())
            out.add(value);
    else if (name == "--color")
        offer({"auto", "always", "never"});
    else if (name == "--for" || name == "--since")
        offer({"90s", "10m", "1h"});
    else if (name == "--as" || name == "--workload" || name == "--from" || name == "--to")
        add_workloads(words, out);
}

const Flag* flag_named(const Command& command, std::string_view word) {
    for (const auto& table : flags_of(command))
        for (const auto& flag : table)
            if (word.starts_with('-') &&
                (flag.long_name() == word || flag.names.substr(0, 2) == word))
                return &flag;
    return nullptr;
}

// What stands behind the command's own words and is neither an option nor its value.
std::vector<std::string> operands_in(const Command& command, Words words) {
    std::vector<std::string> out;
    const std::size_t own = command.name.find(' ') == command.name.npos ? 1 : 2;
    for (std::size_t i = own; i < words.size(); ++i)
        if (const auto* flag = flag_named(command, words[i]))
            i += !flag->value.empty();
        else if (!words[i].starts_with('-'))
            out.push_back(words[i]);
    return out;
}

void add_operands(const Command& command, Words before, std::string_view typed, Candidates& out) {
    if (command.operand == "SHELL")
        for (auto shell : {"bash", "zsh", "fish"})
            out.add(shell);
    else if (!typed.starts_with('-'))
        for (const auto& value :
             operand_candidates(command, operands_in(command, before), typed, before))
            out.add(value);
}

} // namespace

std::string complete(Words words) {
    const auto typed = words.empty() ? std::string{} : words.back();
    const auto before = words.empty() ? words : words.first(words.size() - 1);
    Candidates out(typed);
    const auto* command = command_in(before);
    if (!command) {
        add_commands(before, out);
        return out.text();
    }
    const auto* flag = flag_named(*command, before.back());
    if (flag && !flag->value.empty()) {
        add_values(*command, *flag, before, out);
        return out.text();
    }
    add_operands(*command, before, typed, out);
    if (typed.starts_with('-') || command->operand.empty())
        for (const auto& table : flags_of(*command))
            for (const auto& each : table)
                out.add(each.long_name(), each.help);
    return out.text();
}

} // namespace ringwall::cli
