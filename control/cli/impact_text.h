// What a staged draft would change, as a table. Pure.
#pragma once

#include <cstdint>
#include <string>

#include <boost/json/object.hpp>

#include "control/cli/output.h"

namespace ringwall::cli {

// `impact`: "ImpactList" of openapi.json, with all its rows.
std::string impact_text(const boost::json::object& impact, bool wide, const Painter& paint,
                        std::int64_t now_seconds);

} // namespace ringwall::cli
