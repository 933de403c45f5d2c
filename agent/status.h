// What the agent says about itself, as JSON (schema: docs/agent.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "agent/controller_state.h"
#include "agent/enforcement.h"
#include "agent/metrics.h"

namespace ringwall::agent {

struct ProcessState {
    std::int64_t started_ns = 0; // wall clock
    std::uint64_t reader_lost = 0, log_lost = 0;
    std::optional<ControllerState> controller; // nullopt: the policy comes from files
};

boost::json::object status_json(const Enforcement& enforcement, const ProcessState& process);
std::string tampering_line(const SeenTampering& seen); // of the flow log
boost::json::object counters_json(const loader::Counters& counters);
MetricInput metric_input(const Enforcement& enforcement, const FlowStats& flows,
                         const ProcessState& process);
// Status, counters, settings and the host's own facts, for a bug report. No secrets.
boost::json::object sysdump_json(const Enforcement& enforcement, const ProcessState& process);

} // namespace ringwall::agent
