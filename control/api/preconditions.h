// If-Match and If-None-Match: revisions in quotes, or *.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "control/api/endpoint.h"

namespace ringwall::api {

struct Revisions {
    bool any = false; // "*"
    std::set<std::uint64_t> revisions;
};
// `header` in lower case. Left out: empty. 400.
Result<Revisions> revisions_in(const http::Request& request, const std::string& header);

struct Expected {
    std::optional<std::uint64_t> revision; // for store::Edit
    bool must_not_exist = false;
};
// What a change of the object expects. 400; 412 where If-Match: * meets nothing.
Result<Expected> expected_in(const Context& context, const http::Request& request,
                             const store::ObjectId& id);

} // namespace ringwall::api
