// What the agent knows of its controller, for status and metrics.
#pragma once

#include <cstdint>
#include <string>

#include <boost/json/object.hpp>

#include "agent/link.h"
#include "agent/metrics.h"
#include "agent/summaries.h"

namespace ringwall::agent {

struct ControllerState {
    std::string agent; // the name it gave this host
    LinkState link;
    std::uint64_t version = 0; // of the policy that is held, as people know it; 0: none
    SpoolStats spool;
    SummaryStats summaries;
    std::int64_t certificate_expires_ns = 0; // wall clock
    std::string renewal_trouble;
};

boost::json::object to_json(const ControllerState& state);
ControllerNumbers numbers_of(const ControllerState& state);

} // namespace ringwall::agent
