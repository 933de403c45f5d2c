// A stored flow summary in the words of the API ("Flow" of openapi.json).
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "control/flows/row.h"

namespace ringwall::app {

// `peer_workload`: name of the workload at the other end; empty: not known.
boost::json::object to_json(const flows::Row& row, const std::string& peer_workload);

} // namespace ringwall::app
