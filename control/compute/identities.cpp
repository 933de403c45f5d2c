#include "control/compute/identities.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Selector;

std::set<std::string_view> named_workloads(const model::Policy& policy) {
    std::set<std::string_view> out;
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            for (const auto* side : {&rule.from, &rule.to})
                for (const Selector& selector : *side)
                    if (selector.form == Selector::Form::workload)
                        out.insert(selector.name);
    return out;
}

} // namespace

Identities::Identities(const model::Policy& policy) : policy_(policy) {
    const auto named = named_workloads(policy);
    using Key = std::tuple<model::Labels, bool, std::string>;
    std::map<Key, std::vector<const model::Workload*>> members;
    for (const model::Workload& w : policy.workloads)
        members[{w.labels, w.managed, named.contains(w.name) ? w.name : ""}].push_back(&w);
    for (const auto& [key, workloads] : members) {
        all_.push_back({&workloads[0]->labels, std::get<1>(key), std::get<2>(key)});
        const auto number = static_cast<std::uint32_t>(all_.size());
        everybody_.push_back(number);
        for (const auto* workload : workloads)
            of_.emplace(workload, number);
        if (!all_.back().workload.empty())
            by_name_.emplace(all_.back().workload, number);
        for (const auto& [label, value] : *all_.back().labels)
            by_label_[label][value].push_back(number);
    }
}

std::uint32_t Identities::of(const model::Workload& workload) const {
    return of_.at(&workload);
}

const Identities::Posting* Identities::candidates(const std::string& key,
                                                  const std::string& value) const {
    static const Posting nobody;
    const auto values = by_label_.find(key);
    if (values == by_label_.end())
        return &nobody;
    const auto posting = values->second.find(value);
    return posting == values->second.end() ? &nobody : &posting->second;
}

// Everybody who may match: the shortest list that one key of selector or scope gives.
Identities::Posting Identities::candidates(const model::LabelSelector& selector,
                                           const model::Scope* scope) const {
    Posting best = everybody_;
    if (scope)
        for (const auto& [key, value] : *scope)
            if (const auto* posting = candidates(key, value); posting->size() < best.size())
                best = *posting;
    for (const auto& [key, values] : selector.labels) {
        Posting either;
        for (const auto& value : values)
            either.insert(either.end(), candidates(key, value)->begin(),
                          candidates(key, value)->end());
        if (either.size() < best.size())
            best = std::move(either);
    }
    std::ranges::sort(best);
    return best;
}

std::vector<std::uint32_t> Identities::select(const Selector& selector,
                                              const model::Scope* scope) const {
    switch (selector.form) {
    case Selector::Form::list:
        return {};
    case Selector::Form::any:
        return everybody_;
    case Selector::Form::workload: {
        const auto found = by_name_.find(selector.name);
        return found == by_name_.end() ? Posting{} : Posting{found->second};
    }
    case Selector::Form::labels:
    case Selector::Form::all:
        break;
    }
    const bool by_labels = selector.form == Selector::Form::labels;
    static const model::LabelSelector everything;
    Posting out = candidates(by_labels ? selector.labels : everything, scope);
    std::erase_if(out, [&](std::uint32_t number) {
        const model::Labels& labels = *(*this)[number].labels;
        return (scope && !model::in_scope(*scope, labels)) ||
               (by_labels && !model::matches(selector.labels, labels, policy_));
    });
    return out;
}

} // namespace ringwall::compute
