#include <algorithm>

#include "tests/oracle/generate.h"
#include "tests/oracle/vocabulary.h"

namespace ringwall::oracle {

using namespace model;

namespace {

bool anyone_judges(const Policy& policy, const RuleSet& set, const Rule& rule, Direction own) {
    return std::ranges::any_of(policy.workloads, [&](const Workload& workload) {
        return workload.managed && concerns(policy, set, rule, own, workload);
    });
}

void without_process(const Policy& policy, ServiceUse& use) {
    use.process.reset();
    for (const Service& service : policy.services)
        if (service.name == use.service && service.process) {
            use.port = service.ports.front();
            use.service.clear();
            break;
        }
}

void drop_unjudged(const Policy& policy, const RuleSet& set, Rule& rule) {
    if (!anyone_judges(policy, set, rule, Direction::inbound))
        for (ServiceUse& use : rule.services)
            without_process(policy, use);
    for (Selector& source : rule.from) {
        Rule only = rule;
        only.from = {source};
        if (!anyone_judges(policy, set, only, Direction::outbound))
            source.process.reset();
    }
}

bool is_named(const Policy& policy, const std::string& workload) {
    const auto names = [&](const Selector& selector) {
        return selector.form == Selector::Form::workload && selector.name == workload;
    };
    for (const RuleSet& set : policy.rule_sets)
        for (const Rule& rule : set.rules)
            if (std::ranges::any_of(rule.from, names) || std::ranges::any_of(rule.to, names))
                return true;
    return false;
}

} // namespace

void drop_unjudged(Policy& policy) {
    for (RuleSet& set : policy.rule_sets)
        for (Rule& rule : set.rules)
            if (rule.action == Action::allow)
                drop_unjudged(policy, set, rule);
}

Policy random_change(Dice& dice, Policy policy) {
    Workload& workload = policy.workloads[dice.below(policy.workloads.size())];
    const bool named = is_named(policy, workload.name);
    RuleSet& set = policy.rule_sets[dice.below(policy.rule_sets.size())];
    switch (dice.below(6)) {
    case 0:
        if (workload.managed)
            workload.mode = random_mode(dice);
        break;
    case 1:
        if (!named)
            workload.labels = random_labels(dice);
        break;
    case 2:
        workload.addresses.push_back(plus(Address::v4(0x0a000100), dice.between(40, 60)));
        break;
    case 3:
        if (workload.addresses.size() > 1)
            workload.addresses.pop_back();
        break;
    case 4:
        if (set.rules.size() > 1)
            set.rules.erase(set.rules.begin() + static_cast<long>(dice.below(set.rules.size())));
        break;
    default:
        if (!named && (!workload.managed || !workload.cgroup.empty()))
            std::erase_if(policy.workloads,
                          [name = workload.name](const Workload& w) { return w.name == name; });
    }
    drop_unjudged(policy);
    return policy;
}

} // namespace ringwall::oracle
