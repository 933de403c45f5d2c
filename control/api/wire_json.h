// What flows, impacts and cuts say in the same words.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "control/api/render.h"
#include "control/proto/policy.pb.h"
#include "control/proto/session.pb.h"

namespace ringwall::api {

const char* name(v1::FlowVerdict verdict); // "would-block"
// Unless it is empty; as valid UTF-8.
void put(boost::json::object& out, std::string_view key, const std::string& value);
// What is known of a process.
boost::json::object process_parts(const v1::Process& process);
// The process at one end, without members where nothing is known. `unresolved`: why there is no
// path.
boost::json::object process_json(const v1::Process& process, const std::string& unresolved);
// "port", or "icmp" with type and code. `port`: of the wire, ICMP: type << 8 | code.
void put_service(boost::json::object& out, std::uint32_t protocol, std::uint32_t port);
// TCP connections that came to nothing.
boost::json::object failed_json(std::uint64_t refused, std::uint64_t timed_out,
                                std::uint64_t reset);

// Who is at the other end, by all that is known: address, workload, labels of its identities,
// lists.
boost::json::object peer_json(const core::Controller& controller, const std::string& address,
                              std::span<const std::uint32_t> identities, boost::json::array lists);
template <typename Row> // ImpactRow, Cut
boost::json::object peer_json(const core::Controller& controller, const Row& row) {
    const auto& identities = row.peer_identities();
    return peer_json(controller, row.peer(),
                     {identities.data(), static_cast<std::size_t>(identities.size())},
                     texts(row.peer_lists()));
}

} // namespace ringwall::api
