// A flow that was blocked, or would be, as an event. Pure.
#pragma once

#include <optional>

#include "control/alerts/event.h"

namespace ringwall::flows {
struct Row;
}

namespace ringwall::alerts {

// Nothing for flows that are allowed. The key is (role of the source, role of the destination,
// protocol, port, process): the same for each host of a role, so it is told once for all of them.
// Where an end has no role its address lists stand in, or "unknown".
std::optional<Event> flow_event(const flows::Row& row);

} // namespace ringwall::alerts
