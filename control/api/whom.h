// Which workloads a request speaks of: by name, or by a label query.
#pragma once

#include <vector>

#include "control/api/endpoint.h"

namespace ringwall::api {

struct Whom {
    std::vector<const model::Workload*> workloads; // of the draft
    std::vector<core::Fault> warnings;
    bool by_name = false;
};

// The members "labels" and "names", exactly one of which is given. What stands in `faults` already
// is told with them. By name: 404, and 403 outside of the role's scope; a query leaves those out.
Result<Whom> whom(const Context& context, const Principal& who, Fields& fields, Faults& faults);

// An unmanaged workload has no agent, and so no mode. They are named in a warning.
void leave_out_unmanaged(Whom& chosen);

} // namespace ringwall::api
