// Flows of the whole fleet, from the controller.
#pragma once

#include "control/cli/command.h"

namespace ringwall::cli {

// The operands are a query of docs/flow-query.md. Of the options --follow, --last, --since and
// those of the output count.
Result<void> flows_from_controller(const Arguments& arguments);

} // namespace ringwall::cli
