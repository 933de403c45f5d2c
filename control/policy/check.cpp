#include "control/policy/check.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "common/time.h"
#include "control/model/select.h"
#include "control/policy/findings.h"

namespace ringwall::policy {
namespace {

using model::Workload;

void check_shared_addresses(Findings& findings) {
    std::map<std::pair<std::string, Address>, const Workload*> owners;
    for (const Workload& workload : findings.policy().workloads) {
        const bool local = workload.realm == model::Realm::host;
        for (const Address& address : workload.addresses) {
            const auto [first, added] =
                owners.emplace(std::pair(local ? workload.host : "", address), &workload);
            if (!added)
                findings.warn(workload.place,
                              fmt::format("address {} of workload \"{}\" belongs to \"{}\" ({}) "
                                          "too: an allow must then hold for each of them; give "
                                          "each its own address",
                                          address.text(), workload.name, first->second->name,
                                          first->second->place.text()));
        }
    }
}

bool selected_by_some_rule(const Findings& findings, const Workload& workload) {
    const auto& policy = findings.policy();
    for (const model::RuleSet& set : policy.rule_sets)
        for (const model::Rule& rule : set.rules)
            for (const auto& instance : model::instances(set, rule)) {
                const auto means = [&](const model::Scope* scope) {
                    return [&, scope](const model::Selector& selector) {
                        return selector.form == model::Selector::Form::labels &&
                               model::selects(selector, scope, workload, policy);
                    };
                };
                if (std::ranges::any_of(rule.from, means(instance.from_scope)) ||
                    std::ranges::any_of(rule.to, means(instance.to_scope)))
                    return true;
            }
    return false;
}

} // namespace

Findings::Findings(const model::Policy& policy) : policy_(policy) {
    for (const Workload& workload : policy.workloads)
        label_sets_[workload.labels].push_back(&workload);
}

void Findings::warn(const Place& place, std::string message) {
    problems_.push_back({place, std::move(message), model::Severity::warning});
}

void Findings::error(const Place& place, std::string message) {
    problems_.push_back({place, std::move(message), model::Severity::error});
}

std::vector<model::Problem> Findings::take() {
    std::ranges::sort(problems_, {}, [](const model::Problem& p) {
        return std::tie(p.place.file, p.place.line, p.place.column, p.message);
    });
    return std::move(problems_);
}

std::vector<const Workload*> Findings::selected(const model::Selector& selector,
                                                const model::Scope* scope) const {
    using Form = model::Selector::Form;
    std::vector<const Workload*> out;
    if (selector.form == Form::workload || selector.form == Form::list) {
        if (const Workload* named = policy_.workload(selector.name);
            named && selector.form == Form::workload)
            out.push_back(named);
        return out;
    }
    for (const auto& [labels, workloads] : label_sets_)
        if (model::selects(selector, scope, *workloads.front(), policy_))
            out.insert(out.end(), workloads.begin(), workloads.end());
    return out;
}

std::string rule_id(const model::RuleSet& rule_set, const model::Rule& rule) {
    return rule_set.name + "/" + rule.name;
}

void check_workloads(Findings& findings) {
    for (const Workload& workload : findings.policy().workloads) {
        if (workload.labels.empty())
            findings.warn(workload.place,
                          fmt::format("workload \"{}\" has no labels, so no rule by label is ever "
                                      "about it; add labels: {{role: ..., app: ...}}",
                                      workload.name));
        if (workload.addresses.empty() && selected_by_some_rule(findings, workload))
            findings.warn(workload.place,
                          fmt::format("workload \"{}\" has no address of its own: its peers see "
                                      "host \"{}\", so they cannot apply rules that select it by "
                                      "label; give it addresses, or label the host",
                                      workload.name, workload.host));
    }
    check_shared_addresses(findings);
}

void check_expired(Findings& findings, std::int64_t now_ns) {
    for (const model::RuleSet& set : findings.policy().rule_sets)
        for (const model::Rule& rule : set.rules)
            if (rule.expires_ns && *rule.expires_ns <= now_ns)
                findings.warn(rule.place,
                              fmt::format("rule \"{}\" has expired at {} and matches nothing; "
                                          "remove it, or give it a later time",
                                          rule_id(set, rule), rfc3339(*rule.expires_ns)));
}

std::vector<model::Problem> check(const model::Policy& policy, std::optional<std::int64_t> now_ns) {
    Findings findings(policy);
    check_workloads(findings);
    check_empty_selectors(findings);
    check_overlaps(findings);
    check_processes(findings);
    if (now_ns)
        check_expired(findings, *now_ns);
    return findings.take();
}

} // namespace ringwall::policy
