// /workloads/{name}/rules: what the version in force says of one workload, in words.
#include <memory>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "common/time.h"
#include "control/api/endpoint.h"
#include "control/compute/reach.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

struct Job {
    model::Policy policy;
    std::string workload;
    std::uint64_t version = 0;
    compute::Reach reach;
};

json::array list_of(const std::string& one) {
    return one.empty() ? json::array() : json::array{json::string(one)};
}

json::object row_json(const compute::ReachRow& row) {
    json::object out{{"rule", row.rule},
                     {"action", model::name(row.action)},
                     {"peers", {{"words", row.peers}, {"workloads", row.workloads}}},
                     {"services", json::array(row.services.begin(), row.services.end())},
                     {"processes", list_of(row.process)},
                     {"peer_processes", list_of(row.peer_process)},
                     {"words", row.words}};
    if (row.expires_ns)
        out["expires"] = rfc3339(*row.expires_ns);
    return out;
}

json::array rows_json(const std::vector<compute::ReachRow>& rows) {
    json::array out;
    for (const auto& row : rows)
        out.push_back(row_json(row));
    return out;
}

http::Response answer_of(const Job& job) {
    const auto& workload = *job.policy.workload(job.workload);
    return ok({{"workload", workload.name},
               {"managed", workload.managed},
               {"mode", model::name(workload.mode)},
               {"version", job.version},
               {"inbound", rows_json(job.reach.inbound)},
               {"outbound", rows_json(job.reach.outbound)},
               {"otherwise",
                {{"inbound", compute::otherwise(workload, true)},
                 {"outbound", compute::otherwise(workload, false)}}}});
}

// The policy is copied, as the work is done beside the loop.
Answer rules(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto& name = call.captured.front();
    const auto& active = context.controller.active();
    const auto* workload = active.workload(name);
    if (!workload || !call.who.sees(workload->labels))
        return not_found(
            fmt::format("there is no workload {}; GET /api/v1/workloads lists them", name));
    const auto job =
        std::make_shared<Job>(active, name, context.controller.active_version(), compute::Reach());
    context.options.aside(
        [job] { job->reach = compute::reach(job->policy, *job->policy.workload(job->workload)); },
        [job, reply = call.reply] { reply(answer_of(*job)); });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> rule_endpoints() {
    return {{"GET", "/api/v1/workloads/{name}/rules", Credential::token, Right::read, rules}};
}

} // namespace ringwall::api
