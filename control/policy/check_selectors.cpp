#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "control/model/nearest.h"
#include "control/model/select.h"
#include "control/policy/findings.h"

namespace ringwall::policy {
namespace {

using model::LabelSelector;
using model::Selector;

std::string label_text(const std::string& key, const std::set<std::string>& values) {
    return fmt::format("{}={}", key, fmt::join(values, "|"));
}

std::string scope_text(const model::Scope& scope) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : scope)
        parts.push_back(key + "=" + value);
    return fmt::format("{}", fmt::join(parts, " "));
}

class EmptySelectors {
  public:
    explicit EmptySelectors(Findings& findings) : findings_(findings) {
        for (const auto& [labels, workloads] : findings.label_sets())
            for (const auto& [key, value] : labels)
                values_[key].insert(value);
        for (const auto& [key, values] : values_)
            keys_.push_back(key);
    }

    void run() {
        if (findings_.policy().workloads.empty())
            return;
        for (const model::LabelGroup& group : findings_.policy().groups)
            for (const LabelSelector& member : group.members)
                unknown_labels(member, group.place);
        for (const model::RuleSet& set : findings_.policy().rule_sets)
            check_rule_set(set);
    }

  private:
    void check_rule_set(const model::RuleSet& set) {
        for (const model::Scope& scope : set.scopes)
            check_scope(set, scope);
        for (const model::Rule& rule : set.rules) {
            const auto instances = model::instances(set, rule);
            if (rule.scope == model::RuleScope::intra)
                for (const auto* side : {&rule.from, &rule.to})
                    for (const Selector& selector : *side)
                        check_named(set, selector);
            for (const Selector& selector : rule.from)
                check_entry(selector, instances, &model::RuleInstance::from_scope, "from");
            for (const Selector& selector : rule.to)
                check_entry(selector, instances, &model::RuleInstance::to_scope, "to");
        }
    }

    void check_scope(const model::RuleSet& set, const model::Scope& scope) {
        LabelSelector selector;
        for (const auto& [key, value] : scope)
            selector.labels[key] = {value};
        if (unknown_labels(selector, set.place))
            return;
        const auto inside = [&](const auto& labelled) {
            return model::in_scope(scope, labelled.first);
        };
        if (std::ranges::none_of(findings_.label_sets(), inside))
            findings_.warn(set.place, fmt::format("no workload is in scope {} of rule set \"{}\"; "
                                                  "correct the scope or the labels",
                                                  scope_text(scope), set.name));
    }

    // A named workload is not narrowed: under an intra rule it meets the peers of every scope.
    void check_named(const model::RuleSet& set, const Selector& selector) {
        const auto* workload = findings_.policy().workload(selector.name);
        if (selector.form != Selector::Form::workload || !workload)
            return;
        const auto outside = [&](const model::Scope& scope) {
            return !model::in_scope(scope, workload->labels);
        };
        if (const auto scope = std::ranges::find_if(set.scopes, outside); scope != set.scopes.end())
            findings_.warn(selector.place,
                           fmt::format("workload \"{}\" is outside scope {} of rule set \"{}\", "
                                       "yet the rule joins it with that scope too; give it a rule "
                                       "set of its own",
                                       workload->name, scope_text(*scope), set.name));
    }

    using ScopeOf = const model::Scope* model::RuleInstance::*;

    void check_entry(const Selector& selector, const std::vector<model::RuleInstance>& instances,
                     ScopeOf scope_of, const char* side) {
        if (!narrowed(selector) || unknown_labels(selector.labels, selector.place))
            return;
        const auto selects_some = [&](const model::RuleInstance& instance) {
            return !findings_.selected(selector, instance.*scope_of).empty();
        };
        if (std::ranges::any_of(instances, selects_some))
            return;
        const bool scoped = instances.front().*scope_of != nullptr;
        findings_.warn(selector.place,
                       fmt::format("this entry of {} selects no workload{}; correct its labels, "
                                   "or those of the workloads",
                                   side, scoped ? " under the scope of its rule set" : ""));
    }

    // Keys and values that no workload has; each is told with the nearest that some workload has.
    bool unknown_labels(const LabelSelector& selector, const Place& place) {
        bool found = false;
        for (const auto& [key, values] : selector.labels) {
            const auto known = values_.find(key);
            if (known == values_.end()) {
                findings_.warn(place, fmt::format("no workload has a label \"{}\"; {}", key,
                                                  model::did_you_mean(key, keys_, list_of(keys_))));
                found = true;
                continue;
            }
            found |= unknown_values(key, values, known->second, place);
        }
        return found;
    }

    // True when none of the values is known: then the selector selects nothing.
    bool unknown_values(const std::string& key, const std::set<std::string>& values,
                        const std::set<std::string>& known, const Place& place) {
        std::size_t unknown = 0;
        const std::vector<std::string> words(known.begin(), known.end());
        for (const std::string& value : values) {
            if (known.contains(value))
                continue;
            ++unknown;
            findings_.warn(place, fmt::format("no workload has {}; {}", label_text(key, {value}),
                                              model::did_you_mean(value, words, list_of(words))));
        }
        return unknown == values.size();
    }

    static std::string list_of(const std::vector<std::string>& words) {
        if (words.empty())
            return "no workload has any label";
        const auto count = std::min<std::size_t>(words.size(), 5);
        return fmt::format("known are {}{}",
                           fmt::join(words.begin(), words.begin() + static_cast<long>(count), ", "),
                           words.size() > count ? ", ..." : "");
    }

    Findings& findings_;
    std::map<std::string, std::set<std::string>> values_;
    std::vector<std::string> keys_;
};

} // namespace

void check_empty_selectors(Findings& findings) {
    EmptySelectors(findings).run();
}

} // namespace ringwall::policy
