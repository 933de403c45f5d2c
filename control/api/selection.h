// Which workloads a label query, or a list of names, means.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/api/label_query.h"
#include "control/api/problem.h"
#include "control/api/rights.h"

namespace ringwall::api {

// A label query that came as the parameter or field `where`: 400 with its place.
Result<LabelQuery> query_in(std::string_view where, std::string_view text);
std::vector<core::Fault> query_warnings(const LabelQuery& query,
                                        const std::vector<model::Workload>& workloads);

struct Selected {
    std::vector<const model::Workload*> items; // by name
    std::string next;                          // name of the last one; empty: nothing follows
    std::uint64_t total = 0;                   // on all pages
};
// `workloads` in any order. `limit` 0: all.
Selected select_page(std::span<const model::Workload> workloads, const LabelQuery& query,
                     const Scope& scope, const std::string& after, std::size_t limit);

} // namespace ringwall::api
