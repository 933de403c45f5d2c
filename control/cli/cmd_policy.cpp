#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "agent/enforcer.h"
#include "common/time.h"
#include "control/cli/client.h"
#include "control/cli/policy_files.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"
#include "control/policy/check.h"
#include "control/policy/load.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

json::object problem_json(const model::Problem& problem) {
    return {{"severity", problem.severity == model::Severity::error ? "error" : "warning"},
            {"file", problem.place.file},
            {"line", problem.place.line},
            {"column", problem.place.column},
            {"message", problem.message}};
}

void show_problems(const std::vector<model::Problem>& problems, const Arguments& arguments) {
    if (arguments.json()) {
        json::array list;
        for (const auto& problem : problems)
            list.push_back(problem_json(problem));
        return print_json(json::object{{"problems", std::move(list)}});
    }
    for (const auto& problem : problems)
        print(policy::line(problem) + "\n");
}

Result<void> check(const Arguments& arguments) {
    auto policy = policy::load(arguments.operand);
    auto problems = policy ? policy::check(*policy, wall_clock_ns()) : policy.error();
    show_problems(problems, arguments);
    std::size_t errors = 0;
    for (const auto& problem : problems)
        errors += problem.severity == model::Severity::error;
    const auto warnings = problems.size() - errors;
    if (errors)
        return std::unexpected(
            Error{Exit::invalid, fmt::format("{}: {} errors, {} warnings: not "
                                             "usable",
                                             arguments.operand, errors, warnings)});
    if (warnings && arguments.has("--strict"))
        return std::unexpected(
            Error{Exit::invalid, fmt::format("{}: {} warnings", arguments.operand, warnings)});
    if (!arguments.json())
        print(fmt::format("{}: good: {} workloads, {} rule sets, {} warnings\n", arguments.operand,
                          policy->workloads.size(), policy->rule_sets.size(), warnings));
    return {};
}

void print_subject(const std::string& workload, const json::array& rules) {
    print(workload + "\n");
    if (rules.empty())
        print("  no rules: nothing is allowed in full mode\n");
    for (const auto& rule : rules)
        if (rule.is_string())
            print(fmt::format("  {}\n", std::string_view(rule.get_string())));
}

json::object offline(const v1::Snapshot& snapshot, const std::string& only) {
    json::array subjects;
    for (const auto& subject : snapshot.policy().subjects()) {
        if (!only.empty() && subject.workload() != only)
            continue;
        json::array rules;
        for (auto& rule : agent::rules_in_words(snapshot, subject))
            rules.push_back(json::string(rule));
        subjects.push_back(
            json::object{{"workload", subject.workload()}, {"rules", std::move(rules)}});
    }
    return {{"version", snapshot.policy().version()}, {"subjects", std::move(subjects)}};
}

Result<json::object> from_agent(const Arguments& arguments) {
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    json::object request{{"do", "policy"}};
    if (arguments.has("--as"))
        request["workload"] = arguments.get("--as");
    auto answer = client->ask(request);
    if (!answer)
        return answer;
    const auto* policy = answer->if_contains("policy");
    return policy && policy->is_object() ? policy->get_object() : json::object{};
}

Result<json::object> from_files(const Arguments& arguments) {
    if (!arguments.has("--as"))
        return std::unexpected(Error{Exit::usage, "--policy needs --as WORKLOAD"});
    auto policy = load_policy(arguments.get("--policy"));
    if (!policy)
        return std::unexpected(policy.error());
    const auto as = arguments.get("--as");
    auto snapshot = compile_for(*policy, as);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    const auto* workload = find_workload(*policy, as);
    return offline(*snapshot, workload && !workload->cgroup.empty() ? workload->name : "");
}

Result<void> show(const Arguments& arguments) {
    auto policy = arguments.has("--policy") ? from_files(arguments) : from_agent(arguments);
    if (!policy)
        return std::unexpected(policy.error());
    if (arguments.json()) {
        print_json(*policy);
        return {};
    }
    const auto* subjects = policy->if_contains("subjects");
    if (subjects && subjects->is_array())
        for (const auto& subject : subjects->get_array())
            if (const auto* rules = at(subject, "rules"); rules && rules->is_array())
                print_subject(text_at(subject, "workload"), rules->get_array());
    return {};
}

constexpr std::array check_flags{Flag{"--strict", "", "warnings fail too"}};
constexpr std::array show_flags{
    Flag{"--as", "WORKLOAD", "whose rules"},
    Flag{"--policy", "PATH", "read these files instead of asking the agent"}};

} // namespace

const Command policy_check_command{
    "policy check",
    "Validate policy files",
    "Every problem is told with its place and its cure. Warnings: rules that select nothing, are\n"
    "shadowed by or wider than another, selectors that can be imitated, ends that cannot judge.\n"
    "Exit code 7 when the policy cannot be used.\n\n"
    "  ringwall policy check /etc/ringwall/policy",
    "PATH",
    check_flags,
    check};

const Command policy_show_command{
    "policy show",
    "Compiled rules of a workload, in words",
    "What one end really enforces: scopes are resolved, every rule is seen from the workload.\n\n"
    "  ringwall policy show\n"
    "  ringwall policy show --policy policy/ --as app-uk-1",
    "",
    show_flags,
    show};

} // namespace ringwall::cli
