// Flows of the whole fleet, from the controller.
#pragma once

#include <cstddef>

#include "control/cli/command.h"

namespace ringwall::cli {

// The operands are a query of docs/flow-query.md. Of the options --follow, --last, --since and
// those of the output count.
Result<void> flows_from_controller(const Arguments& arguments);

// The operands as one query, and --since; `since` where it is not given (empty: none).
std::string fleet_query(const Arguments& arguments, std::string_view since = {});

// --last N; `otherwise` where it is not given.
Result<std::size_t> last_of(const Arguments& arguments, std::size_t otherwise);

} // namespace ringwall::cli
