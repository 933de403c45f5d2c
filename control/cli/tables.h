// Documents of the API as rows. Pure.
#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "control/cli/kinds.h"
#include "control/cli/output.h"

namespace ringwall::cli {

using Row = std::vector<std::string>;

// NAME and what matters of the kind; `wide`: all of it, with revision and age.
Row header_of(const Kind& kind, bool wide);
Row row_of(const Kind& kind, const boost::json::value& document, bool wide,
           std::int64_t now_seconds);
// Header in bold and a row for each; "nothing found" is for the caller to say.
std::string table_of(const Kind& kind, const boost::json::array& documents, bool wide,
                     const Painter& paint, std::int64_t now_seconds);

// Rows under a bold header.
std::string table_of(Row header, std::vector<Row> rows, const Painter& paint);

// "role=Web Server,env=Production", in the order role, app, env, loc, then the rest.
std::string labels_text(const boost::json::value* labels);
// "10.0.0.1, 10.0.0.2, +3 more"; all of them when wide.
std::string list_text(const boost::json::value* list, bool wide);

} // namespace ringwall::cli
