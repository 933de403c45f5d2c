// What the staged draft would change, as the JSON that the API gives.
#pragma once

#include <boost/json/object.hpp>

#include "control/core/controller.h"

namespace ringwall::api {

// "newly-blocked", "newly-allowed"
const char* change_word(const v1::ImpactRow& row);

// Numbers of identities become labels. `labels`: of the subject now.
boost::json::object to_json(const core::Controller& controller, const core::ImpactSum& sum,
                            const model::Labels& labels);

} // namespace ringwall::api
