// What a part of the draft needs of the rest. Pure.
#pragma once

#include <set>
#include <vector>

#include "control/model/model.h"
#include "control/store/values.h"

namespace ringwall::core {

// Services, lists and groups that a rule set or a group of the policy names.
std::set<store::ObjectId> references(const model::Policy& policy, const store::ObjectId& id);

// What has to come along so that the version is whole: pending objects that selected ones name and
// the active version lacks, and pending objects that would still name what is removed.
std::set<store::ObjectId> pulled_in(const std::set<store::ObjectId>& selected,
                                    const std::vector<store::ObjectChange>& pending,
                                    const model::Policy& active, const model::Policy& draft);

} // namespace ringwall::core
