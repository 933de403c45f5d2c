// What /map and /edges ask for, and the edges that it means.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/api/endpoint.h"
#include "control/flowmap/reader.h"
#include "control/query/query.h"

namespace ringwall::api {

// The parameter q, which is a filter of docs/flow-query.md: 400 with its byte.
Result<query::Query> flow_query_in(std::string_view text, std::int64_t now_ns);
// Labels that nobody has are worth a warning: "prot=tcp" asks for a label, too.
std::vector<core::Fault> query_warnings(const query::Query& query,
                                        const std::vector<model::Workload>& workloads);

struct MapRequest {
    query::Query query;
    std::int64_t since_ns = 0, until_ns = 0; // [since, until); a day, where nothing else was said
    std::vector<std::string> keys;           // of labels, by which ends are grouped
    std::vector<core::Fault> warnings;
};
// Reads q, since, until and group_by. `usual_days`: the period where nothing else was said.
Result<MapRequest> map_request(const Context& context, Call& call, std::int64_t usual_days = 1);

// What a request means, read: every endpoint over the map begins so.
struct MapEdges {
    const flowmap::Reader* reader = nullptr;
    MapRequest request;
    flowmap::Period period;
};
// 400 where the query asks for the draft's verdict.
Result<MapEdges> map_edges(const Context& context, Call& call, std::int64_t usual_days = 1);

// The same for queries that may ask for the draft's verdict: then it goes on when that is known.
// Nothing from before `not_before_ns`, whatever is asked.
using WithMapEdges = std::function<Answer(const std::shared_ptr<MapEdges>&)>;
Answer with_map_edges(const Context& context, Call& call, std::int64_t not_before_ns,
                      WithMapEdges then);

// Edges that the query means and that `who` may see.
Result<flowmap::Period> edges_of(const flowmap::Reader& reader, const MapRequest& request,
                                 const Principal& who);
// An edge in the words of a Flow, which a query asks.
boost::json::object as_flow(const flowmap::Catalog& catalog, const flowmap::EdgeNumbers& edge);

} // namespace ringwall::api
