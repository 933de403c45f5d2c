#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "control/model/select.h"
#include "control/policy/findings.h"

namespace ringwall::policy {
namespace {

using model::ProcessSelector;
using model::Selector;
using model::Workload;

void check_imitable(Findings& findings, const ProcessSelector& selector) {
    const bool by_file = !selector.path.empty() || !selector.name.empty();
    const bool bound = !selector.unit.empty() || !selector.container.empty() ||
                       !selector.user.empty() || selector.path == "[kernel]";
    if (by_file && !bound)
        findings.warn(selector.place,
                      fmt::format("process {} {} alone can be imitated: every local user may start "
                                  "it with LD_PRELOAD or under ptrace; add unit, container or user",
                                  selector.path.empty() ? "name" : "path",
                                  selector.path.empty() ? selector.name : selector.path));
}

// Who stands at the end that must judge a process selector.
struct Judges {
    std::set<std::string> judged;   // workloads with an agent
    std::set<std::string> unjudged; // workloads without one, lists, unknown addresses
};

void add_peers(const Findings& findings, const Selector& selector, const model::Scope* scope,
               Judges& out) {
    if (selector.form == Selector::Form::list)
        out.unjudged.insert("list \"" + selector.name + "\"");
    if (selector.form == Selector::Form::any)
        out.unjudged.insert("unknown addresses");
    for (const Workload* workload : findings.selected(selector, scope)) {
        if (workload->managed)
            out.judged.insert(workload->name);
        else
            out.unjudged.insert("workload \"" + workload->name + "\"");
    }
}

std::string some_of(const std::set<std::string>& names) {
    std::vector<std::string> shown;
    for (const std::string& name : names) {
        if (shown.size() == 3) {
            shown.push_back(fmt::format("{} more", names.size() - 3));
            break;
        }
        shown.push_back(name);
    }
    return fmt::format("{}", fmt::join(shown, ", "));
}

void report(Findings& findings, const Place& place, const std::string& id, model::Action action,
            const char* side, const Judges& peers) {
    if (peers.unjudged.empty())
        return;
    if (peers.judged.empty()) {
        findings.error(place,
                       fmt::format("rule \"{}\" selects a process at its {}, but nobody there has "
                                   "an agent to judge it ({}); remove the process, or manage them",
                                   id, side, some_of(peers.unjudged)));
        return;
    }
    const char* effect = action == model::Action::allow ? "nothing is allowed with them"
                                                        : "nothing is denied with them";
    findings.warn(place,
                  fmt::format("rule \"{}\" selects a process at its {}, where {} cannot judge it "
                              "(no agent): {}; write a rule without process for them",
                              id, side, some_of(peers.unjudged), effect));
}

void check_source(Findings& findings, const model::RuleSet& set, const model::Rule& rule) {
    const auto instances = model::instances(set, rule);
    for (const Selector& selector : rule.from) {
        if (!selector.process)
            continue;
        Judges peers;
        for (const auto& instance : instances)
            add_peers(findings, selector, instance.from_scope, peers);
        report(findings, selector.place, rule_id(set, rule), rule.action, "source", peers);
    }
}

void check_destination(Findings& findings, const model::RuleSet& set, const model::Rule& rule) {
    const auto selected = [&](const model::ServiceUse& use) {
        return model::process(use, findings.policy()) != nullptr;
    };
    const auto first = std::ranges::find_if(rule.services, selected);
    if (first == rule.services.end())
        return;
    Judges peers;
    for (const auto& instance : model::instances(set, rule))
        for (const Selector& selector : rule.to)
            add_peers(findings, selector, instance.to_scope, peers);
    report(findings, first->place, rule_id(set, rule), rule.action, "destination", peers);
}

} // namespace

void check_processes(Findings& findings) {
    for (const model::Service& service : findings.policy().services)
        if (service.process)
            check_imitable(findings, *service.process);
    for (const model::RuleSet& set : findings.policy().rule_sets)
        for (const model::Rule& rule : set.rules) {
            for (const Selector& selector : rule.from)
                if (selector.process)
                    check_imitable(findings, *selector.process);
            for (const model::ServiceUse& use : rule.services)
                if (use.process)
                    check_imitable(findings, *use.process);
            check_source(findings, set, rule);
            check_destination(findings, set, rule);
        }
}

} // namespace ringwall::policy
