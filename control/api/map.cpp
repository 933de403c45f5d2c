// /map and /edges: the application map, grouped for a picture, and edge by edge.
#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/map_json.h"
#include "control/api/map_request.h"
#include "control/api/map_staged.h"
#include "control/api/wire_json.h"
#include "control/api/writing.h"
#include "control/flowmap/graph.h"
#include "control/history/comparison.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;
using flowmap::EdgeNumbers;

constexpr std::size_t listed_services = 10; // of a bundle

json::object service_json(const flowmap::Service& service) {
    json::object out{{"protocol", protocol_name(service.protocol)}};
    put_service(out, service.protocol, service.port);
    return out;
}

// The busiest first.
json::array services_json(const flowmap::Bundle& bundle) {
    std::vector<std::pair<std::uint64_t, flowmap::Service>> services;
    for (const auto& [service, count] : bundle.services)
        services.emplace_back(count, service);
    std::ranges::sort(services, [](const auto& one, const auto& other) {
        return one.first != other.first ? one.first > other.first : one.second < other.second;
    });
    json::array out;
    for (const auto& [count, service] : services)
        if (out.size() < listed_services)
            out.push_back(service_json(service));
    return out;
}

// How many workloads a node stands for now.
std::map<std::string, std::size_t> workloads_by_node(const Context& context, const Principal& who,
                                                     flowmap::Keys keys) {
    std::map<std::string, std::size_t> out;
    for (const auto& workload : context.controller.active().workloads)
        if (who.sees(workload.labels))
            ++out[flowmap::node_id(workload.labels, keys)];
    return out;
}

json::object node_json(const flowmap::Node& node, const std::map<std::string, std::size_t>& now) {
    json::object out{{"id", node.id}, {"kind", node.kind}, {"name", node.name}};
    if (node.kind != "workloads" && node.kind != "unlabelled")
        return out;
    out["labels"] = node.labels;
    const auto found = now.find(node.id);
    out["workloads"] = found == now.end() ? 0 : found->second;
    return out;
}

json::object bundle_json(const flowmap::Graph& graph, const flowmap::Bundle& bundle) {
    const auto &source = graph.nodes[bundle.source].id,
               &destination = graph.nodes[bundle.destination].id;
    const auto& numbers = bundle.numbers;
    auto services = services_json(bundle);
    const auto more = bundle.services.size() - services.size();
    return {{"id", fmt::format("{}|{}|{}", source, destination, name(bundle.verdict))},
            {"source", source},
            {"destination", destination},
            {"verdict", name(bundle.verdict)},
            {"count", numbers.count},
            {"bytes", both_ways(numbers.bytes_out, numbers.bytes_in)},
            {"first", rfc3339(numbers.first_ns)},
            {"last", rfc3339(numbers.last_ns)},
            {"services", std::move(services)},
            {"more_services", more},
            {"kinds", bundle.edges}};
}

json::object period_json(const MapRequest& request, const flowmap::Period& period) {
    return {{"since", rfc3339(period.since_ns)},
            {"until", rfc3339(period.until_ns)},
            {"group_by", json::value_from(request.keys)}};
}

// A map on its way to its reader.
struct Picture {
    std::shared_ptr<MapEdges> found;
    flowmap::GraphLimits limits;
    std::map<std::string, std::size_t> workloads; // behind each node, now
    history::Comparison judged;                   // by the draft
    std::expected<std::vector<v1::FlowVerdict>, std::string> verdicts;
};

json::object picture_json(const Picture& picture, const flowmap::VerdictOf& verdict) {
    const auto& [reader, request, period] = *picture.found;
    const auto graph =
        flowmap::group(reader->catalog(), period.edges, request.keys, picture.limits, verdict);
    auto out = period_json(request, period);
    auto& nodes = out["nodes"].emplace_array();
    for (const auto& node : graph.nodes)
        nodes.push_back(node_json(node, picture.workloads));
    auto& edges = out["edges"].emplace_array();
    for (const auto& bundle : graph.bundles)
        edges.push_back(bundle_json(graph, bundle));
    out["hidden"] = {{"nodes", graph.hidden_nodes}, {"edges", graph.hidden_bundles}};
    out["warnings"] = to_json(request.warnings);
    return out;
}

http::Response as_drafted(const Picture& picture) {
    if (!picture.verdicts)
        return response(Problem{422, "invalid", picture.verdicts.error()});
    std::unordered_map<flowmap::EdgeId, v1::FlowVerdict> verdicts;
    for (std::size_t i = 0; i < picture.judged.edges.size(); ++i)
        verdicts.emplace(picture.judged.edges[i].id, (*picture.verdicts)[i]);
    return ok(picture_json(picture, [&](flowmap::EdgeId id) { return verdicts.at(id); }));
}

Answer draw(const Context& context, const std::shared_ptr<Picture>& picture,
            const std::string& view, const http::Reply& reply) {
    const auto& catalog = picture->found->reader->catalog();
    if (view == "reported")
        return ok(picture_json(*picture, {}));
    if (view == "staged")
        return ok(picture_json(*picture, staged_verdicts(context.controller, catalog)));
    picture->judged.draft = context.controller.draft();
    picture->judged.take(catalog, picture->found->period.edges);
    context.options.aside([picture] { picture->verdicts = picture->judged.verdicts(); },
                          [picture, reply] { reply(as_drafted(*picture)); });
    return std::nullopt;
}

Answer map(Context& context, Call& call) {
    call.params.allow({"q", "since", "until", "group_by", "nodes", "edges", "view"});
    const auto picture = std::make_shared<Picture>();
    auto& limits = picture->limits;
    limits.nodes = call.params.number("nodes", 1, 5000).value_or(limits.nodes);
    limits.bundles = call.params.number("edges", 1, 50'000).value_or(limits.bundles);
    const auto view = call.params.text("view").value_or("reported");
    if (view != "reported" && view != "draft" && view != "staged")
        call.params.fail("the parameter view is reported, draft or staged");
    const auto staging = view == "staged" ? context.controller.staging() : std::nullopt;
    if (view == "staged" && !staging)
        return std::unexpected(Problem{422, "invalid",
                                       "nothing is staged, so no host judges by a draft; PUT "
                                       "/api/v1/staging stages the draft"});
    return with_map_edges(context, call, staging ? staging->since_ns : 0,
                          [&context, picture, view, who = call.who,
                           reply = call.reply](const std::shared_ptr<MapEdges>& found) {
                              picture->found = found;
                              picture->workloads =
                                  workloads_by_node(context, who, found->request.keys);
                              return draw(context, picture, view, reply);
                          });
}

// ---- /edges

struct Order {
    const char* name;
    std::uint64_t (*of)(const flowmap::Numbers&);
};
constexpr std::array orders{
    Order{"count", [](const flowmap::Numbers& n) { return n.count; }},
    Order{"bytes", [](const flowmap::Numbers& n) { return n.bytes_out + n.bytes_in; }},
    Order{"packets", [](const flowmap::Numbers& n) { return n.packets_out + n.packets_in; }},
    Order{"retransmits", [](const flowmap::Numbers& n) { return n.retransmits; }},
    Order{"refused", [](const flowmap::Numbers& n) { return n.refused; }},
    Order{"timed-out", [](const flowmap::Numbers& n) { return n.timed_out; }},
    Order{"reset", [](const flowmap::Numbers& n) { return n.reset; }},
    Order{"rtt", [](const flowmap::Numbers& n) { return n.rtt_us; }},
    Order{"peers", [](const flowmap::Numbers& n) { return n.peers; }},
    Order{"last", [](const flowmap::Numbers& n) { return static_cast<std::uint64_t>(n.last_ns); }}};

const Order& order_in(Params& params) {
    const auto wanted = params.text("sort").value_or("count");
    const auto found = std::ranges::find(orders, wanted, &Order::name);
    if (found != orders.end())
        return *found;
    params.fail("the parameter sort is count, bytes, packets, retransmits, refused, timed-out, "
                "reset, rtt, peers or last");
    return orders.front();
}

// Only edges between these nodes, where they are given.
void keep_between(const flowmap::Catalog& catalog, flowmap::Keys keys,
                  const std::optional<std::string>& source,
                  const std::optional<std::string>& destination, std::vector<EdgeNumbers>& edges) {
    const auto is = [&](flowmap::SideId side, const std::optional<std::string>& wanted) {
        return !wanted ||
               flowmap::node_of(catalog.side(side), catalog.party(side), keys).id == *wanted;
    };
    std::erase_if(edges, [&](const EdgeNumbers& edge) {
        const auto& known = catalog.edge(edge.first);
        return !is(known.source, source) || !is(known.destination, destination);
    });
}

// A page of /edges, as far as it does not depend on what is found.
struct EdgePage {
    std::size_t first = 0, limit = 0;
    const Order* order = nullptr;
    std::optional<std::string> source, destination; // nodes
};

json::object edges_json(MapEdges& answer, const EdgePage& page) {
    const auto& request = answer.request;
    const auto& catalog = answer.reader->catalog();
    auto& found = answer.period.edges;
    keep_between(catalog, request.keys, page.source, page.destination, found);
    std::ranges::sort(found, [&](const EdgeNumbers& one, const EdgeNumbers& other) {
        const auto a = page.order->of(one.second), b = page.order->of(other.second);
        return a != b ? a > b : one.first < other.first;
    });
    json::array items;
    for (auto at = page.first; at < found.size() && items.size() < page.limit; ++at)
        items.push_back(edge_json(catalog, found[at]));
    const auto next = page.first + items.size();
    auto out =
        page_json(std::move(items), next < found.size() ? std::to_string(next) : "", found.size());
    for (auto& each : period_json(request, answer.period))
        out.insert(std::move(each));
    out["warnings"] = to_json(request.warnings);
    return out;
}

Answer edges(Context& context, Call& call) {
    call.params.allow(
        {"q", "since", "until", "group_by", "source", "destination", "sort", "limit", "after"});
    const auto asked = page_query(call.params);
    const Order& order = order_in(call.params);
    const auto first = place_in(asked.after);
    if (!first)
        return std::unexpected(first.error());
    const EdgePage page{*first, asked.limit, &order, call.params.text("source"),
                        call.params.text("destination")};
    return with_map_edges(context, call, 0, [page](const std::shared_ptr<MapEdges>& found) {
        return ok(edges_json(*found, page));
    });
}

} // namespace

std::vector<Endpoint> map_endpoints() {
    return {
        {"GET", "/api/v1/map", Credential::token, Right::read, map},
        {"GET", "/api/v1/edges", Credential::token, Right::read, edges},
    };
}

} // namespace ringwall::api
