// Who a selector means. Pure, over a policy that validate() has found good.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "control/model/model.h"

namespace ringwall::model {

// Keys AND, values of one key OR, every group must match, nothing under `none_of` may match. A
// missing key never matches a value. An empty selector matches everything (the loader refuses it).
bool matches(const LabelSelector& selector, const Labels& labels, const Policy& policy);

// All keys of the scope have that value.
bool in_scope(const Scope& scope, const Labels& labels);

// A rule under one scope of its rule set: `from` and `to` belong to the same instance. An intra
// rule narrows both ends, an extra rule `to` only. A null scope does not narrow.
struct RuleInstance {
    const RuleSet* rule_set = nullptr;
    const Rule* rule = nullptr;
    const Scope* from_scope = nullptr;
    const Scope* to_scope = nullptr;
};

// One instance per scope; exactly one, not narrowed, when the rule set has no scope.
std::vector<RuleInstance> instances(const RuleSet& rule_set, const Rule& rule);

// Does a scope narrow this form? Labels and `all` yes; list, `any` and a named workload no.
bool narrowed(const Selector& selector);

// Does the selector, under `scope` (may be null), mean this workload? `any` means every workload. A
// list names addresses, never a workload: always false here, ask contains().
bool selects(const Selector& selector, const Scope* scope, const Workload& workload,
             const Policy& policy);

// In one of the list's ranges and in none of its exclusions.
bool contains(const AddressList& list, const Address& address);

// What a rule's `services` entry stands for: the named service's ports, or those written in place.
std::span<const Port> ports(const ServiceUse& use, const Policy& policy);

// The destination's process: written beside the use or in the named service; null: any.
const ProcessSelector* process(const ServiceUse& use, const Policy& policy);

// Adds the workloads that a rule names.
void add_named(const Rule& rule, std::set<std::string>& names);

// The distinct selectors of a rule set that some end judges: the destinations' and the sources'.
std::vector<ProcessSelector> process_selectors(const RuleSet& rule_set, const Policy& policy);

} // namespace ringwall::model
