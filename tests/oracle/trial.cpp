#include "tests/oracle/trial.h"

#include <fmt/format.h>

#include "tests/oracle/yaml.h"

namespace ringwall::oracle {
namespace {

bool is_host(const model::Workload& workload) {
    return workload.managed && workload.cgroup.empty();
}

std::string said(const char* who, Verdict verdict, const std::string& rule) {
    return fmt::format("  {:<10} {} by {}", who, name(verdict), rule.empty() ? "no rule" : rule);
}

} // namespace

Trial::Trial(TrialOptions options)
    : options_(options), programs_(imaginary_programs()),
      pipeline_(programs_.node, options.kernel ? options.kernel->numbering() : plain_numbering(),
                options.fault) {}

std::optional<std::string> Trial::flow(const model::Policy& policy, const model::Workload& subject,
                                       const Flow& flow) {
    const Decision wanted = evaluate(policy, programs_.node, flow);
    coverage_.add(subject, flow, wanted);
    const Answer rows = pipeline_.decide(flow);
    // An idle subject asks nobody, so there is no rule to compare.
    const auto differs = [&](Verdict verdict, const std::string& rule) {
        if (wanted.verdict == Verdict::idle)
            return !passes(verdict);
        return verdict != wanted.verdict || rule != wanted.rule;
    };
    std::string text;
    if (differs(rows.verdict, rows.rule))
        text = said("rows:", rows.verdict, rows.rule);
    if (options_.kernel) {
        const Answered answered = options_.kernel->decide(flow);
        const std::string rule = pipeline_.rule(flow, answered);
        if (differs(verdict(answered), rule))
            text += (text.empty() ? "" : "\n") + said("kernel:", verdict(answered), rule);
    }
    if (text.empty())
        return std::nullopt;
    return fmt::format("{}{}\n{}\n{}", yaml(policy), words(policy, flow),
                       said("evaluator:", wanted.verdict, wanted.rule), text);
}

std::optional<std::string> Trial::subject(Dice& dice, const model::Policy& policy,
                                          const model::Workload& subject) {
    if (!pipeline_.subject(subject.name))
        return fmt::format("{}\nsubject {} is not enforced", yaml(policy), subject.name);
    if (options_.kernel)
        options_.kernel->enter(subject);
    for (int i = 0; i < options_.flows_per_subject; ++i)
        if (auto wrong = flow(policy, subject, random_flow(dice, policy, programs_, subject)))
            return wrong;
    return std::nullopt;
}

std::optional<std::string> Trial::host(Dice& dice, const model::Policy& policy,
                                       const std::string& name) {
    const Apply also =
        options_.kernel
            ? Apply([this](const loader::Delta& delta) { return options_.kernel->apply(delta); })
            : Apply();
    if (const auto live = pipeline_.provision(name, also); !live)
        return yaml(policy) + "\nat " + name + ": " + live.error();
    for (const auto& workload : policy.workloads)
        if (workload.managed && (workload.name == name || workload.host == name))
            if (auto wrong = subject(dice, policy, workload))
                return wrong;
    return std::nullopt;
}

std::optional<Mismatch> Trial::run(std::uint64_t seed) {
    Dice dice(seed);
    model::Policy policy = random_policy(dice, programs_, options_.expiry);
    pipeline_.restart();
    std::vector<std::string> hosts;
    for (const auto& workload : policy.workloads)
        if (is_host(workload))
            hosts.push_back(workload.name);
    for (int change = 0; change <= options_.changes; ++change) {
        if (change) {
            policy = random_change(dice, std::move(policy));
            hosts = {hosts.front()};
        }
        if (const auto taken = pipeline_.take(policy); !taken)
            return Mismatch{seed, yaml(policy) + "\n" + taken.error()};
        for (const std::string& name : hosts)
            if (auto wrong = host(dice, policy, name))
                return Mismatch{seed, *wrong};
    }
    return std::nullopt;
}

std::string policy_text(std::uint64_t seed, Expiry expiry) {
    Dice dice(seed);
    return yaml(random_policy(dice, imaginary_programs(), expiry));
}

} // namespace ringwall::oracle
