#include "control/policy/cover.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "control/model/select.h"

namespace ringwall::policy {
namespace {

using model::LabelSelector;
using model::Port;
using model::ProcessSelector;
using model::Selector;

bool part_covers(const std::string& wide, const std::string& narrow) {
    return wide.empty() || wide == narrow;
}

bool same(const LabelSelector& a, const LabelSelector& b) {
    return covers(a, b) && covers(b, a);
}

// Is `range` inside the union of `ranges`?
bool inside_union(const model::PortRange& range, std::vector<model::PortRange> ranges) {
    std::ranges::sort(ranges);
    unsigned next = range.first;
    for (const auto& part : ranges)
        if (part.first <= next && part.last >= next)
            next = part.last + 1u;
    return next > range.last;
}

bool covers_type(const std::vector<model::IcmpType>& wide, const model::IcmpType& narrow) {
    return std::ranges::any_of(wide, [&](const auto& type) {
        return type.type == narrow.type && (type.code == -1 || type.code == narrow.code);
    });
}

// The selector's labels with the scope written into them; nullopt: selects nothing.
std::optional<LabelSelector> under_scope(const Selector& selector, const model::Scope* scope) {
    LabelSelector out = selector.labels;
    if (!scope)
        return out;
    for (const auto& [key, value] : *scope) {
        const auto [found, added] = out.labels.try_emplace(key, std::set<std::string>{value});
        if (!added && !found->second.contains(value))
            return std::nullopt;
        found->second = {value};
    }
    return out;
}

bool covers_end(const Selector& wide, const model::Scope* wide_scope, const Selector& narrow,
                const model::Scope* narrow_scope) {
    const auto* wide_process = wide.process ? &*wide.process : nullptr;
    if (!covers(wide_process, narrow.process ? &*narrow.process : nullptr))
        return false;
    if (wide.form == Selector::Form::any)
        return true;
    if (!narrowed(wide) || !narrowed(narrow)) {
        const bool every_workload = wide.form == Selector::Form::all && !wide_scope;
        return (wide.form == narrow.form && wide.name == narrow.name &&
                narrow.form != Selector::Form::any) ||
               (every_workload && narrow.form == Selector::Form::workload);
    }
    const auto inner = under_scope(narrow, narrow_scope);
    const auto outer = under_scope(wide, wide_scope);
    return inner && outer && covers(*outer, *inner);
}

bool covers_side(std::span<const Selector> wide, const model::Scope* wide_scope,
                 std::span<const Selector> narrow, const model::Scope* narrow_scope) {
    return std::ranges::all_of(narrow, [&](const Selector& inner) {
        return std::ranges::any_of(wide, [&](const Selector& outer) {
            return covers_end(outer, wide_scope, inner, narrow_scope);
        });
    });
}

bool covers_instance(const model::RuleInstance& wide, const model::RuleInstance& narrow) {
    return covers_side(wide.rule->from, wide.from_scope, narrow.rule->from, narrow.from_scope) &&
           covers_side(wide.rule->to, wide.to_scope, narrow.rule->to, narrow.to_scope);
}

bool covers_port(const model::Rule& wide, const Port& port, const ProcessSelector* process,
                 const model::Policy& policy) {
    return std::ranges::any_of(wide.services, [&](const model::ServiceUse& use) {
        return covers(model::process(use, policy), process) &&
               std::ranges::any_of(model::ports(use, policy),
                                   [&](const Port& outer) { return covers(outer, port); });
    });
}

bool covers_services(const model::Rule& wide, const model::Rule& narrow,
                     const model::Policy& policy) {
    return std::ranges::all_of(narrow.services, [&](const model::ServiceUse& use) {
        const ProcessSelector* process = model::process(use, policy);
        return std::ranges::all_of(model::ports(use, policy), [&](const Port& port) {
            return covers_port(wide, port, process, policy);
        });
    });
}

bool lasts_as_long(const model::Rule& wide, const model::Rule& narrow) {
    return !wide.expires_ns || (narrow.expires_ns && *narrow.expires_ns <= *wide.expires_ns);
}

} // namespace

bool covers(const ProcessSelector* wide, const ProcessSelector* narrow) {
    if (!wide)
        return true;
    if (!narrow)
        return false;
    return part_covers(wide->path, narrow->path) && part_covers(wide->name, narrow->name) &&
           part_covers(wide->unit, narrow->unit) &&
           part_covers(wide->container, narrow->container) &&
           part_covers(wide->user, narrow->user) && part_covers(wide->group, narrow->group) &&
           part_covers(wide->sha256, narrow->sha256);
}

bool covers(const Port& wide, const Port& narrow) {
    if (!wide.protocol)
        return true;
    if (wide.protocol != narrow.protocol)
        return false;
    const bool all_ports = wide.ports.empty() && wide.icmp.empty();
    if (all_ports || (narrow.ports.empty() && narrow.icmp.empty()))
        return all_ports;
    return std::ranges::all_of(
               narrow.ports, [&](const auto& range) { return inside_union(range, wide.ports); }) &&
           std::ranges::all_of(narrow.icmp,
                               [&](const auto& type) { return covers_type(wide.icmp, type); });
}

bool covers(const LabelSelector& wide, const LabelSelector& narrow) {
    for (const auto& [key, values] : wide.labels) {
        const auto found = narrow.labels.find(key);
        if (found == narrow.labels.end() || !std::ranges::includes(values, found->second))
            return false;
    }
    return std::ranges::includes(narrow.groups, wide.groups) &&
           std::ranges::all_of(wide.none_of, [&](const LabelSelector& excluded) {
               return std::ranges::any_of(narrow.none_of, [&](const LabelSelector& other) {
                   return same(excluded, other);
               });
           });
}

bool covers(const RuleRef& wide, const RuleRef& narrow, const model::Policy& policy) {
    if (!lasts_as_long(*wide.rule, *narrow.rule) ||
        !covers_services(*wide.rule, *narrow.rule, policy))
        return false;
    const auto outer = model::instances(*wide.rule_set, *wide.rule);
    return std::ranges::all_of(
        model::instances(*narrow.rule_set, *narrow.rule), [&](const model::RuleInstance& inner) {
            return std::ranges::any_of(outer, [&](const model::RuleInstance& candidate) {
                return covers_instance(candidate, inner);
            });
        });
}

} // namespace ringwall::policy
