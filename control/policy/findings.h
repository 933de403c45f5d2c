// The parts of check(): each looks at one kind of mistake. `Findings` is what they share.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/model/model.h"
#include "control/model/problem.h"

namespace ringwall::policy {

class Findings {
  public:
    explicit Findings(const model::Policy& policy);

    const model::Policy& policy() const { return policy_; }
    void warn(const Place& place, std::string message);
    void error(const Place& place, std::string message);
    std::vector<model::Problem> take(); // in the order of the files

    // Workloads by distinct label set: selectors are asked once per set.
    using LabelSets = std::map<model::Labels, std::vector<const model::Workload*>>;
    const LabelSets& label_sets() const { return label_sets_; }

    // The workloads a selector means under a scope (may be null).
    std::vector<const model::Workload*> selected(const model::Selector& selector,
                                                 const model::Scope* scope) const;

  private:
    const model::Policy& policy_;
    LabelSets label_sets_;
    std::vector<model::Problem> problems_;
};

// "rule set/rule"
std::string rule_id(const model::RuleSet& rule_set, const model::Rule& rule);

void check_workloads(Findings& findings);       // no labels, shared addresses, no address
void check_empty_selectors(Findings& findings); // scopes, groups and entries that select nothing
void check_overlaps(Findings& findings);        // shadowed, identical, wider; all-to-all
void check_processes(Findings& findings);       // imitable selectors, ends that cannot judge
void check_expired(Findings& findings, std::int64_t now_ns); // rules whose time is over

} // namespace ringwall::policy
