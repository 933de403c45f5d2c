#include "control/app/flow_json.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "common/address_bytes.h"
#include "common/ip.h"
#include "common/protocol.h"
#include "common/time.h"
#include "control/api/wire_json.h"
#include "control/flowmap/catalog.h"

namespace ringwall::app {
namespace {

namespace json = boost::json;

json::object labels_of(const std::string& text) {
    boost::system::error_code error;
    auto value = json::parse(text, error);
    return !error && value.is_object() ? std::move(value.get_object()) : json::object{};
}

json::object end_of(const std::string& address, const std::string& workload,
                    const std::string& labels_text) {
    const auto parsed = address_from_bytes(address);
    json::object out{{"address", parsed ? parsed->text() : "unknown"}};
    api::put(out, "workload", workload);
    auto labels = labels_of(labels_text);
    api::put(out, "context", flowmap::context_of(labels));
    if (!labels.empty())
        out["labels"] = std::move(labels);
    return out;
}

json::object both_ways(bool outward, std::uint64_t sent, std::uint64_t received) {
    return {{"to_destination", outward ? sent : received},
            {"to_source", outward ? received : sent}};
}

} // namespace

json::object to_json(const flows::Row& row, const std::string& peer_workload) {
    const auto& summary = row.summary;
    const bool outward = summary.direction() != v1::INBOUND;
    auto local = end_of(summary.local(), summary.subject(),
                        outward ? row.labels.source : row.labels.destination);
    auto peer =
        end_of(summary.peer(), peer_workload, outward ? row.labels.destination : row.labels.source);
    if (auto process = api::process_json(summary.process(), summary.unresolved()); !process.empty())
        local["process"] = std::move(process);
    if (!summary.peer_lists().empty())
        peer["lists"] = json::array(summary.peer_lists().begin(), summary.peer_lists().end());
    json::object out{{"id", std::to_string(row.id)},
                     {"started", rfc3339(summary.first_ns())},
                     {"time", rfc3339(summary.last_ns())},
                     {"count", std::max<std::uint64_t>(summary.count(), 1)},
                     {"verdict", api::name(summary.verdict())},
                     {"reason", summary.reason()},
                     {"rules", json::array(summary.rules().begin(), summary.rules().end())},
                     {"policy_version", summary.policy_version()},
                     {"direction", outward ? "outbound" : "inbound"},
                     {"protocol", protocol_name(static_cast<std::uint8_t>(summary.protocol()))},
                     {"subject", summary.subject()}};
    api::put_service(out, summary.protocol(), summary.port());
    if (!outward)
        std::swap(local, peer);
    out["source"] = std::move(local);
    out["destination"] = std::move(peer);
    out["bytes"] = both_ways(outward, summary.bytes_sent(), summary.bytes_received());
    out["packets"] = both_ways(outward, summary.packets_sent(), summary.packets_received());
    out["retransmits"] = summary.retransmits();
    out["rtt_us"] = summary.rtt_us();
    out["failed"] = api::failed_json(summary.refused(), summary.timed_out(), summary.reset());
    return out;
}

} // namespace ringwall::app
