// What of the pending changes a request chooses, and may choose: of provisioning and of staging.
#pragma once

#include <optional>
#include <vector>

#include "control/api/endpoint.h"

namespace ringwall::api {

// The member "objects"; left out: everything.
std::optional<std::vector<store::Selected>> objects_in(Fields& request, Faults& faults);

// A narrowed role takes what is pending inside of it, or what it names, and nothing else. 403, 409.
Result<void> narrow(const Context& context, const Principal& who,
                    std::optional<std::vector<store::Selected>>& selection);
// Also what comes along lies inside of it. 403.
Result<void> all_inside(const Principal& who, const std::vector<store::ObjectChange>& changes);

} // namespace ringwall::api
