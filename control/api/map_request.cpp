#include "control/api/map_request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/selection.h"
#include "control/api/wire_json.h"
#include "control/history/comparison.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t day_ns = 24 * 3600 * ns_per_second;
constexpr std::size_t most_keys = 6;

// Edges are of many workloads: what only a single flow has cannot be asked of them.
Result<void> fits_edges(const query::Query& query) {
    static constexpr std::array of_flows{"workload", "address", "direction"};
    const auto words = query.words();
    for (const auto* word : of_flows)
        if (words.contains(word))
            return malformed(fmt::format("the parameter q asks for {}, which edges of the map do "
                                         "not have; leave it out, or ask /api/v1/flows",
                                         word));
    return {};
}

Result<std::vector<std::string>> keys_in(std::string_view list) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= list.size() && !list.empty();) {
        const auto comma = std::min(list.find(',', at), list.size());
        out.emplace_back(list.substr(at, comma - at));
        at = comma + 1;
    }
    const bool bad = std::ranges::any_of(out, &std::string::empty) || out.size() > most_keys;
    if (bad)
        return malformed(fmt::format("the parameter group_by is 1 to {} keys of labels joined by "
                                     "commas, such as app,env,role",
                                     most_keys));
    return out;
}

model::Labels labels_of(const json::object& party) {
    model::Labels out;
    if (const auto* labels = party.if_contains("labels"); labels && labels->is_object())
        for (const auto& label : labels->get_object())
            if (label.value().is_string())
                out.emplace(label.key(), label.value().get_string());
    return out;
}

// Which sides a principal may see; asked of each once.
class Sight {
  public:
    Sight(const flowmap::Catalog& catalog, const Principal& who) : catalog_(catalog), who_(who) {}
    bool sees(const flowmap::Edge& edge) {
        return who_.everywhere() || sees(edge.source) || sees(edge.destination);
    }

  private:
    bool sees(flowmap::SideId side) {
        const auto [known, fresh] = known_.try_emplace(side);
        if (fresh)
            known->second = who_.sees(labels_of(catalog_.party(side)));
        return known->second;
    }

    const flowmap::Catalog& catalog_;
    const Principal& who_;
    std::map<flowmap::SideId, bool> known_;
};

json::object end_of(const flowmap::Catalog& catalog, flowmap::SideId id) {
    auto out = catalog.party(id);
    if (const auto verdict = catalog.side(id).verdict; verdict != v1::FLOW_VERDICT_UNSPECIFIED)
        out["verdict"] = name(verdict);
    return out;
}

// Only what `who` may see, and only what the query means.
void keep(const flowmap::Catalog& catalog, const query::Query& query, const Principal& who,
          std::vector<flowmap::EdgeNumbers>& edges) {
    Sight sight(catalog, who);
    std::erase_if(edges, [&](const flowmap::EdgeNumbers& edge) {
        return !sight.sees(catalog.edge(edge.first)) ||
               (!query.empty() && !query.matches(as_flow(catalog, edge)));
    });
}

// An answer that waits for what the draft says of edges.
struct Waiting {
    std::shared_ptr<MapEdges> edges;
    history::Comparison judged;
    std::expected<std::vector<v1::FlowVerdict>, std::string> verdicts;
};

void keep_as_drafted(Waiting& waiting) {
    const auto& catalog = waiting.edges->reader->catalog();
    std::size_t place = 0;
    std::erase_if(waiting.edges->period.edges, [&](const flowmap::EdgeNumbers& edge) {
        auto flow = as_flow(catalog, edge);
        flow["draft"] = name((*waiting.verdicts)[place++]);
        return !waiting.edges->request.query.matches(flow);
    });
}

void go_on(Waiting& waiting, const WithMapEdges& then, const http::Reply& reply) {
    if (!waiting.verdicts)
        return reply(response(Problem{422, "invalid", waiting.verdicts.error()}));
    keep_as_drafted(waiting);
    const auto answer = then(waiting.edges);
    if (!answer)
        reply(response(answer.error()));
    else if (*answer)
        reply(**answer);
}

void add_rule(json::array& out, const flowmap::Side& side) {
    if (!side.rule.empty())
        out.emplace_back(side.rule);
}

} // namespace

Result<query::Query> flow_query_in(std::string_view text, std::int64_t now_ns) {
    auto query = query::parse(text, now_ns);
    if (query)
        return std::move(*query);
    return malformed(fmt::format("the parameter q is wrong at byte {}: {}", query.error().position,
                                 query.error().sentence));
}

std::vector<core::Fault> query_warnings(const query::Query& query,
                                        const std::vector<model::Workload>& workloads) {
    LabelQuery labels;
    query.each_label([&](const std::string& key, const std::string& value) {
        labels.terms.push_back({LabelTerm::Op::in, key, {value}});
    });
    return query_warnings(labels, workloads);
}

Result<MapRequest> map_request(const Context& context, Call& call, std::int64_t usual_days) {
    MapRequest out;
    const auto now = context.now_ns();
    const auto since = call.params.time_ns("since"), until = call.params.time_ns("until");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    auto query = flow_query_in(call.params.text("q").value_or(""), now);
    if (!query)
        return std::unexpected(query.error());
    if (auto good = fits_edges(*query); !good)
        return std::unexpected(good.error());
    auto keys = keys_in(call.params.text("group_by").value_or("app,env"));
    if (!keys)
        return std::unexpected(keys.error());
    const auto asked = query->period();
    out.until_ns = std::min(until.value_or(now), asked.until_ns);
    out.since_ns =
        std::max(since.value_or(asked.since_ns > 0 ? 0 : out.until_ns - usual_days * day_ns),
                 asked.since_ns);
    if (out.since_ns >= out.until_ns)
        return malformed("since lies behind until, so that nothing is in between");
    out.warnings = query_warnings(*query, context.controller.active().workloads);
    out.query = std::move(*query);
    out.keys = std::move(*keys);
    return out;
}

json::object as_flow(const flowmap::Catalog& catalog, const flowmap::EdgeNumbers& edge) {
    const auto& [id, numbers] = edge;
    const auto& known = catalog.edge(id);
    const auto &source = catalog.side(known.source), &destination = catalog.side(known.destination);
    const auto verdict = catalog.verdict(id);
    json::array rules;
    add_rule(rules, source);
    add_rule(rules, destination);
    json::object out{
        {"source", end_of(catalog, known.source)},
        {"destination", end_of(catalog, known.destination)},
        {"protocol", protocol_name(known.protocol)},
        {"verdict", name(verdict)},
        {"rules", std::move(rules)},
        {"reason", destination.verdict == verdict ? destination.reason : source.reason},
        {"count", numbers.count},
        {"bytes", {{"to_destination", numbers.bytes_out}, {"to_source", numbers.bytes_in}}},
        {"packets", {{"to_destination", numbers.packets_out}, {"to_source", numbers.packets_in}}},
        {"retransmits", numbers.retransmits},
        {"rtt_us", numbers.rtt_us},
        {"failed", failed_json(numbers.refused, numbers.timed_out, numbers.reset)},
        {"time", rfc3339(numbers.last_ns)},
        {"first_seen", rfc3339(catalog.first_seen_ns(id))}};
    put_service(out, known.protocol, known.port);
    return out;
}

namespace {

Result<flowmap::Period> edges_of(const flowmap::Reader& reader, std::int64_t since_ns,
                                 std::int64_t until_ns) {
    auto period = reader.read(since_ns, until_ns);
    if (!period)
        return std::unexpected(Problem{500, "io", period.error().message});
    return std::move(*period);
}

// All of the period, with the query still to be asked.
Result<MapEdges> unfiltered(const Context& context, Call& call, std::int64_t usual_days,
                            std::int64_t not_before_ns) {
    MapEdges out;
    auto request = map_request(context, call, usual_days);
    if (!request)
        return std::unexpected(request.error());
    out.request = std::move(*request);
    auto& asked = out.request;
    asked.since_ns = std::min(std::max(asked.since_ns, not_before_ns), asked.until_ns);
    out.reader = context.options.map;
    if (!out.reader)
        return std::unexpected(
            Problem{503, "unavailable", "this controller keeps no map; it was started so"});
    auto period = edges_of(*out.reader, asked.since_ns, asked.until_ns);
    if (!period)
        return std::unexpected(period.error());
    out.period = std::move(*period);
    return out;
}

bool asks_the_draft(const query::Query& query) {
    return query.words().contains("draft");
}

} // namespace

Result<MapEdges> map_edges(const Context& context, Call& call, std::int64_t usual_days) {
    auto out = unfiltered(context, call, usual_days, 0);
    if (!out)
        return out;
    if (asks_the_draft(out->request.query))
        return malformed("the parameter q asks for draft, which only /api/v1/map and /api/v1/edges "
                         "know; leave it out");
    keep(out->reader->catalog(), out->request.query, call.who, out->period.edges);
    return out;
}

Answer with_map_edges(const Context& context, Call& call, std::int64_t not_before_ns,
                      WithMapEdges then) {
    auto found = unfiltered(context, call, 1, not_before_ns);
    if (!found)
        return std::unexpected(found.error());
    const auto edges = std::make_shared<MapEdges>(std::move(*found));
    const auto& catalog = edges->reader->catalog();
    if (!asks_the_draft(edges->request.query)) {
        keep(catalog, edges->request.query, call.who, edges->period.edges);
        return then(edges);
    }
    keep(catalog, {}, call.who, edges->period.edges);
    const auto waiting = std::make_shared<Waiting>();
    waiting->edges = edges;
    waiting->judged.draft = context.controller.draft();
    waiting->judged.take(catalog, edges->period.edges);
    context.options.aside(
        [waiting] { waiting->verdicts = waiting->judged.verdicts(); },
        [waiting, then = std::move(then), reply = call.reply] { go_on(*waiting, then, reply); });
    return std::nullopt;
}

Result<flowmap::Period> edges_of(const flowmap::Reader& reader, const MapRequest& request,
                                 const Principal& who) {
    auto period = edges_of(reader, request.since_ns, request.until_ns);
    if (period)
        keep(reader.catalog(), request.query, who, period->edges);
    return period;
}

} // namespace ringwall::api
