// Where the controller is, and paths and queries below it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/client/error.h"

namespace ringwall::client {

struct Endpoint {
    std::string host; // DNS name or address, without brackets
    std::uint16_t port = 8443;
    std::string text() const; // "https://[2001:db8::1]:8443"
    bool operator==(const Endpoint&) const = default;
};

// "https://HOST[:PORT][/]", "HOST[:PORT]", "[IPv6][:PORT]". bad_request for anything else: http is
// not spoken, and a path has no place here.
Result<Endpoint> parse_endpoint(std::string_view text);

using Query = std::vector<std::pair<std::string, std::string>>;

std::string percent_encoded(std::string_view text); // all but unreserved characters (RFC 3986)
// "/api/v1/workloads/web-1?dry_run=true"; parts of the path and values are encoded here.
std::string target(std::initializer_list<std::string_view> path, const Query& query = {});

} // namespace ringwall::client
