// Objects of the controller: asked for, and shown in the wanted format.
#pragma once

#include <vector>

#include <boost/json/array.hpp>

#include "control/cli/controller.h"
#include "control/cli/kinds.h"

namespace ringwall::cli {

// ?labels and ?version, as far as the kind has them.
client::Query query_of(const Arguments& arguments, const Kind& kind);

// One kind without names: all of it, all pages; else each by its name. `wanted` is not empty.
Result<boost::json::array> fetch(client::Client& client, const Arguments& arguments,
                                 const std::vector<Reference>& wanted);

void show(const Arguments& arguments, const std::vector<Reference>& wanted,
          boost::json::array documents);

} // namespace ringwall::cli
