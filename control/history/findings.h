// What recorded edges say of the rules in force: how often each decided, which are not used, and
// which allow more than anybody needed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/history/comparison.h"

namespace ringwall::history {

struct RuleUse {
    std::string rule; // "ruleset/rule"
    model::Action action = model::Action::allow;
    std::uint64_t hits = 0; // connections that it decided, at one end or at both
    std::size_t edges = 0;
    std::int64_t last_ns = 0;          // 0: never in this time
    std::vector<std::string> findings; // sentences, with what to do
};

// One for each rule of `recorded.active`, in the order of the policy.
std::vector<RuleUse> rule_uses(const Comparison& recorded);

} // namespace ringwall::history
