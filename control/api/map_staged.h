// The map as the staged draft would have it.
#pragma once

#include "control/core/controller.h"
#include "control/flowmap/graph.h"

namespace ringwall::api {

// Of each edge, by what the kernels of the hosts told so far. `catalog` outlives it.
flowmap::VerdictOf staged_verdicts(const core::Controller& controller,
                                   const flowmap::Catalog& catalog);

} // namespace ringwall::api
