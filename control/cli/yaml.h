// JSON as YAML that the strict reader (control/policy) takes for the same thing.
#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace ringwall::cli {

// Block style, one document without "---", ends with a line end.
std::string yaml_text(const boost::json::value& value);

} // namespace ringwall::cli
