#include "control/api/map_json.h"

#include <charconv>

#include <boost/json/array.hpp>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/wire_json.h"
#include "control/flowmap/graph.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

json::object side_json(const flowmap::Catalog& catalog, flowmap::SideId id) {
    const auto& side = catalog.side(id);
    const auto& party = catalog.party(id);
    const auto node = flowmap::node_of(side, party, {});
    json::object out{{"kind", node.kind}, {"name", node.name}};
    if (const auto* labels = party.if_contains("labels")) {
        const auto* context = party.if_contains("context");
        out["kind"] = "workloads";
        out["name"] = context ? *context : json::value("workloads");
        out["labels"] = *labels;
    }
    put(out, "process", side.process);
    put(out, "shown", shown(side));
    put(out, "unit", side.unit);
    put(out, "container", side.container);
    put(out, "user", side.user);
    return out;
}

void put_judgement(json::object& out, const std::string& end, const flowmap::Side& side) {
    if (side.verdict == v1::FLOW_VERDICT_UNSPECIFIED)
        return; // this end was not heard of
    out[end + "_verdict"] = name(side.verdict);
    put(out, end + "_reason", side.reason);
    if (!side.rule.empty())
        out[end + "_rules"] = json::array{side.rule};
}

} // namespace

json::object both_ways(std::uint64_t out, std::uint64_t in) {
    return {{"to_destination", out}, {"to_source", in}};
}

json::object edge_json(const flowmap::Catalog& catalog, const flowmap::EdgeNumbers& edge) {
    const auto& [id, numbers] = edge;
    const auto& known = catalog.edge(id);
    json::object out{{"source", side_json(catalog, known.source)},
                     {"destination", side_json(catalog, known.destination)},
                     {"verdict", name(catalog.verdict(id))},
                     {"count", numbers.count},
                     {"bytes", both_ways(numbers.bytes_out, numbers.bytes_in)},
                     {"packets", both_ways(numbers.packets_out, numbers.packets_in)},
                     {"retransmits", numbers.retransmits},
                     {"rtt_us", numbers.rtt_us},
                     {"failed", failed_json(numbers.refused, numbers.timed_out, numbers.reset)},
                     {"peers", numbers.peers},
                     {"first", rfc3339(numbers.first_ns)},
                     {"last", rfc3339(numbers.last_ns)},
                     {"first_seen", rfc3339(catalog.first_seen_ns(id))}};
    out["protocol"] = protocol_name(known.protocol);
    put_service(out, known.protocol, known.port);
    put_judgement(out, "source", catalog.side(known.source));
    put_judgement(out, "destination", catalog.side(known.destination));
    return out;
}

Result<std::size_t> place_in(const std::string& after) {
    std::size_t out = 0;
    const auto* end = after.data() + after.size();
    if (!after.empty() && std::from_chars(after.data(), end, out).ptr != end)
        return malformed("the parameter after is what the page before gave as next");
    return out;
}

} // namespace ringwall::api
