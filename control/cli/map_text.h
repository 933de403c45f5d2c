// The application map as text: rows, Graphviz, SVG. Pure. `map` is the answer of GET /map.
#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "control/cli/output.h"

namespace ringwall::cli {

// A row for each edge, the busiest first, and what was left out.
std::string map_table(const boost::json::object& map, const Painter& paint,
                      std::int64_t now_seconds);
// For dot(1): verdicts by colour and by style of line.
std::string map_dot(const boost::json::object& map);
// A picture by itself, without fonts or scripts from elsewhere.
std::string map_svg(const boost::json::object& map);

// A member that is a list; an empty one where there is none.
const boost::json::array& list_in(const boost::json::object& object, const char* name);
// "tcp/443, udp/53, +3 more"
std::string services_text(const boost::json::object& edge);

// "Web, Payments nginx.service": one end of an edge of GET /edges.
std::string end_text(const boost::json::object& edge, const char* end);

} // namespace ringwall::cli
