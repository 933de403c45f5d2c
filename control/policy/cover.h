// Does one rule say everything that another says? Logical, not by today's workloads: true is always
// true, false may only mean "not seen".
#pragma once

#include "control/model/model.h"

namespace ringwall::policy {

// A flow that `narrow` matches is always matched by `wide` too.
bool covers(const model::ProcessSelector* wide, const model::ProcessSelector* narrow);
bool covers(const model::Port& wide, const model::Port& narrow);
bool covers(const model::LabelSelector& wide, const model::LabelSelector& narrow);

struct RuleRef {
    const model::RuleSet* rule_set = nullptr;
    const model::Rule* rule = nullptr;
};

// Ends under their scopes, processes, services and expiry; the actions are not compared.
bool covers(const RuleRef& wide, const RuleRef& narrow, const model::Policy& policy);

} // namespace ringwall::policy
