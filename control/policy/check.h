// What a good policy may still have wrong: the findings of `ringwall policy check`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "control/model/model.h"
#include "control/model/problem.h"

namespace ringwall::policy {

// For a policy that load() gave. Warnings: entries, scopes and groups that select no workload;
// rules shadowed by, identical to or wider than another; process selectors that can be imitated;
// ends that cannot judge their process selector; all-to-all allows; workloads without labels;
// addresses claimed twice; rules that have expired. An error, which must keep the version from
// being enforced: a process selector that no end of the rule can judge. In the order of the files.
// `now_ns`: wall clock, ns since 1970; nullopt: expiry is not looked at.
std::vector<model::Problem> check(const model::Policy& policy,
                                  std::optional<std::int64_t> now_ns = std::nullopt);

} // namespace ringwall::policy
