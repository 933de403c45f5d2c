// Edges of the map in the words of openapi.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/json/object.hpp>

#include "control/api/problem.h"
#include "control/flowmap/reader.h"

namespace ringwall::api {

boost::json::object both_ways(std::uint64_t out, std::uint64_t in);
boost::json::object edge_json(const flowmap::Catalog& catalog, const flowmap::EdgeNumbers& edge);

// Pages of lists that are made anew for each: `after` is how many came before.
Result<std::size_t> place_in(const std::string& after);

} // namespace ringwall::api
