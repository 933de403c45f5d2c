// What flows and impacts say in the same words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "control/proto/policy.pb.h"

namespace ringwall::api {

// Unless it is empty; as valid UTF-8.
void put(boost::json::object& out, std::string_view key, const std::string& value);
// The process at one end, without members where nothing is known. `unresolved`: why there is no
// path.
boost::json::object process_json(const v1::Process& process, const std::string& unresolved);
// "port", or "icmp" with type and code. `port`: of the wire, ICMP: type << 8 | code.
void put_service(boost::json::object& out, std::uint32_t protocol, std::uint32_t port);

} // namespace ringwall::api
