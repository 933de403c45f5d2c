// A document in a request -> the edit it asks for.
#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "control/api/problem.h"
#include "control/core/document.h"

namespace ringwall::api {

// The document of a PUT: it has to be of that kind and name. 422 with faults.
Result<store::Edit> document_in(const core::KindInfo& kind, const std::string& name,
                                const boost::json::value& document);

} // namespace ringwall::api
