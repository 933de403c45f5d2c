// One policy rule as seen from one subject: the rules that its agent programs.
#pragma once

#include <vector>

#include "control/compute/identities.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

// Adds what `rule` asks of `subject`, outbound before inbound; nothing when it is at neither end or
// no peer is left.
void program(const model::Policy& policy, const Identities& identities,
             const model::RuleSet& rule_set, const model::Rule& rule,
             const model::Workload& subject, v1::Subject& out);

} // namespace ringwall::compute
