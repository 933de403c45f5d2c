// The OpenAPI document that is served: openapi.json of this folder with the schemas of
// control/policy/schema.json added to it. Both are part of the binary.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace ringwall::api {

// As they stand in the source tree (openapi_text.cpp.in).
extern const std::string_view openapi_source;
extern const std::string_view policy_schema_source;

// `#/definitions/x` of the policy schema becomes `#/components/schemas/x`.
boost::json::value openapi_document();
const std::string& openapi_text();

} // namespace ringwall::api
