#include "control/model/select.h"

#include <algorithm>
#include <set>

namespace ringwall::model {
namespace {

bool any_of_members(const LabelGroup* group, const Labels& labels, const Policy& policy) {
    return group && std::ranges::any_of(group->members, [&](const LabelSelector& member) {
               return matches(member, labels, policy);
           });
}

bool inside(const AddressRange& range, const Address& address) {
    return range.first.is_v4() == address.is_v4() && range.first <= address &&
           address <= range.last;
}

bool inside_any(const std::vector<AddressRange>& ranges, const Address& address) {
    return std::ranges::any_of(ranges, [&](const auto& range) { return inside(range, address); });
}

} // namespace

bool matches(const LabelSelector& selector, const Labels& labels, const Policy& policy) {
    for (const auto& [key, values] : selector.labels) {
        const auto label = labels.find(key);
        if (label == labels.end() || !values.contains(label->second))
            return false;
    }
    for (const auto& group : selector.groups)
        if (!any_of_members(policy.group(group), labels, policy))
            return false;
    return std::ranges::none_of(selector.none_of, [&](const LabelSelector& excluded) {
        return matches(excluded, labels, policy);
    });
}

bool in_scope(const Scope& scope, const Labels& labels) {
    return std::ranges::all_of(scope, [&](const auto& wanted) {
        const auto label = labels.find(wanted.first);
        return label != labels.end() && label->second == wanted.second;
    });
}

std::vector<RuleInstance> instances(const RuleSet& rule_set, const Rule& rule) {
    if (rule_set.scopes.empty())
        return {{&rule_set, &rule, nullptr, nullptr}};
    std::vector<RuleInstance> out;
    out.reserve(rule_set.scopes.size());
    for (const Scope& scope : rule_set.scopes)
        out.push_back(
            {&rule_set, &rule, rule.scope == RuleScope::intra ? &scope : nullptr, &scope});
    return out;
}

bool narrowed(const Selector& selector) {
    return selector.form == Selector::Form::labels || selector.form == Selector::Form::all;
}

bool selects(const Selector& selector, const Scope* scope, const Workload& workload,
             const Policy& policy) {
    if (scope && narrowed(selector) && !in_scope(*scope, workload.labels))
        return false;
    switch (selector.form) {
    case Selector::Form::labels:
        return matches(selector.labels, workload.labels, policy);
    case Selector::Form::workload:
        return selector.name == workload.name;
    case Selector::Form::list:
        return false;
    case Selector::Form::any:
    case Selector::Form::all:
        return true;
    }
    return false;
}

bool contains(const AddressList& list, const Address& address) {
    return inside_any(list.ranges, address) && !inside_any(list.exclude, address);
}

std::span<const Port> ports(const ServiceUse& use, const Policy& policy) {
    if (use.service.empty())
        return {&use.port, 1};
    const Service* service = policy.service(use.service);
    return service ? std::span<const Port>(service->ports) : std::span<const Port>();
}

const ProcessSelector* process(const ServiceUse& use, const Policy& policy) {
    if (use.process)
        return &*use.process;
    const Service* service = use.service.empty() ? nullptr : policy.service(use.service);
    return service && service->process ? &*service->process : nullptr;
}

void add_named(const Rule& rule, std::set<std::string>& names) {
    for (const auto* side : {&rule.from, &rule.to})
        for (const Selector& selector : *side)
            if (selector.form == Selector::Form::workload)
                names.insert(selector.name);
}

std::vector<ProcessSelector> process_selectors(const RuleSet& rule_set, const Policy& policy) {
    std::set<ProcessSelector> found;
    for (const Rule& rule : rule_set.rules) {
        for (const Selector& source : rule.from)
            if (source.process)
                found.insert(*source.process);
        for (const ServiceUse& use : rule.services)
            if (const ProcessSelector* destination = process(use, policy))
                found.insert(*destination);
    }
    return {found.begin(), found.end()};
}

} // namespace ringwall::model
