// One text for one JSON value: no spaces, keys sorted bytewise. Pure.
#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

namespace ringwall::store {

// Levels of nesting, far more than any object of a policy has.
inline constexpr int deepest_json = 64;

// Nothing when the value is nested deeper than that.
std::optional<std::string> canonical(const boost::json::value& value);

} // namespace ringwall::store
