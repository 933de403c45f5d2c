// Candidates for the last word of a command line that is being typed.
#include <algorithm>
#include <array>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/client.h"
#include "control/cli/policy_files.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

using Words = std::span<const std::string>;

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
            out.add(first, space == command.name.npos ? command.summary : "Look at policy files");
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

void add_values(const Flag& flag, Words words, Candidates& out) {
    const auto name = flag.long_name();
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
    else if (name == "--output")
        offer({"table", "json", "jsonl"});
    else if (name == "--color")
        offer({"auto", "always", "never"});
    else if (name == "--for" || name == "--since")
        offer({"90s", "10m", "1h"});
    else if (name == "--as" || name == "--workload" || name == "--from" || name == "--to")
        add_workloads(words, out);
}

const Flag* flag_named(const Command& command, std::string_view word) {
    for (const auto& table : {command.flags, common_flags()})
        for (const auto& flag : table)
            if (word.starts_with('-') &&
                (flag.long_name() == word || flag.names.substr(0, 2) == word))
                return &flag;
    return nullptr;
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
        add_values(*flag, before, out);
        return out.text();
    }
    if (command->operand == "SHELL")
        for (auto shell : {"bash", "zsh", "fish"})
            out.add(shell);
    if (typed.starts_with('-') || command->operand.empty())
        for (const auto& table : {command->flags, common_flags()})
            for (const auto& each : table)
                out.add(each.long_name(), each.help);
    return out.text();
}

} // namespace ringwall::cli
