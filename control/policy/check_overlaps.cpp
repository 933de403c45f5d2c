#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/model/select.h"
#include "control/policy/cover.h"
#include "control/policy/findings.h"

namespace ringwall::policy {
namespace {

using model::Action;
using model::Selector;

// override-deny > allow > deny
int strength(Action action) {
    switch (action) {
    case Action::override_deny:
        return 2;
    case Action::allow:
        return 1;
    case Action::deny:
        return 0;
    }
    return 0;
}

std::string id(const RuleRef& ref) {
    return rule_id(*ref.rule_set, *ref.rule);
}

const char* verb(Action action) {
    return action == Action::allow ? "allows" : "denies";
}

std::string named(const std::vector<const RuleRef*>& rules) {
    std::vector<std::string> parts;
    for (const RuleRef* ref : rules) {
        if (parts.size() == 3) {
            parts.push_back(fmt::format("{} more", rules.size() - 3));
            break;
        }
        parts.push_back(fmt::format("\"{}\" ({})", id(*ref), ref->rule->place.text()));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

void check_rule(Findings& findings, const std::vector<RuleRef>& rules, std::size_t index) {
    const RuleRef& rule = rules[index];
    const Action action = rule.rule->action;
    std::vector<const RuleRef*> narrower;
    const RuleRef* shadow = nullptr;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const RuleRef& other = rules[i];
        const int above = strength(other.rule->action) - strength(action);
        if (i == index || above < 0)
            continue;
        if (above > 0 && !shadow && covers(other, rule, findings.policy()))
            shadow = &other;
        if (above != 0 || !covers(rule, other, findings.policy()))
            continue;
        if (!covers(other, rule, findings.policy()))
            narrower.push_back(&other);
        else if (i < index)
            findings.warn(rule.rule->place,
                          fmt::format("rule \"{}\" says the same as rule \"{}\" ({}); remove one",
                                      id(rule), id(other), other.rule->place.text()));
    }
    if (shadow)
        findings.warn(rule.rule->place,
                      fmt::format("rule \"{}\" never decides: {} rule \"{}\" ({}) is stronger and "
                                  "matches all that it matches; narrow that one or remove this",
                                  id(rule), model::name(shadow->rule->action), id(*shadow),
                                  shadow->rule->place.text()));
    if (!narrower.empty())
        findings.warn(rule.rule->place,
                      fmt::format("rule \"{}\" is wider than {}: it {} all that they match; "
                                  "narrow it, or remove them",
                                  id(rule), named(narrower), verb(action)));
}

bool means_all(const Selector& selector) {
    return !selector.process &&
           (selector.form == Selector::Form::any || selector.form == Selector::Form::all);
}

void check_all_to_all(Findings& findings, const RuleRef& ref) {
    const model::Rule& rule = *ref.rule;
    if (rule.action != Action::allow || !ref.rule_set->scopes.empty() ||
        std::ranges::none_of(rule.from, means_all) || std::ranges::none_of(rule.to, means_all))
        return;
    const auto everything = [&](const model::ServiceUse& use) {
        return !model::process(use, findings.policy()) &&
               std::ranges::any_of(model::ports(use, findings.policy()),
                                   [](const model::Port& port) { return !port.protocol; });
    };
    const bool all_services = std::ranges::any_of(rule.services, everything);
    findings.warn(rule.place,
                  fmt::format("rule \"{}\" has no scope and lets everyone reach every workload{}; "
                              "add scopes to its rule set, or labels to from and to",
                              id(ref), all_services ? " on every service" : " on its services"));
}

} // namespace

void check_overlaps(Findings& findings) {
    std::vector<RuleRef> rules;
    for (const model::RuleSet& set : findings.policy().rule_sets)
        for (const model::Rule& rule : set.rules)
            rules.push_back({&set, &rule});
    for (std::size_t i = 0; i < rules.size(); ++i) {
        check_rule(findings, rules, i);
        check_all_to_all(findings, rules[i]);
    }
}

} // namespace ringwall::policy
