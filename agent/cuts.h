// Which live connections would end if their subjects were in another mode. Pure; names come from a
// Names object.
#pragma once

#include <vector>

#include "agent/flows.h"
#include "control/proto/policy.pb.h"
#include "control/proto/session.pb.h"
#include "loader/datapath.h"

namespace ringwall::agent {

// `enforced`: what this host enforces. `live`: what a whole sweep reports; what has ended, or is of
// other subjects, is passed over.
//
// Judged is what the rules say now: a decision that the kernel keeps for a silent connection may be
// of an older policy. Where a rule asks for something that is not known here any more (a digest, a
// group), the kernel's decision counts.
v1::Cuts find_cuts(const v1::FindCuts& wanted, const v1::Snapshot& enforced,
                   const std::vector<loader::Event>& live, const Names& names);

} // namespace ringwall::agent
