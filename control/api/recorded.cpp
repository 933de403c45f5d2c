// /impact/recorded: the draft held against the recorded edges of the map.
#include <memory>

#include <boost/json/array.hpp>

#include "common/time.h"
#include "control/api/map_json.h"
#include "control/api/map_request.h"
#include "control/api/wire_json.h"
#include "control/api/writing.h"
#include "control/history/comparison.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;
using history::Comparison;
using history::Difference;
using history::Outcome;

struct Job {
    std::vector<core::Fault> warnings; // of the query
    PageQuery page;
    std::size_t first = 0;
    std::int64_t since_ns = 0, until_ns = 0; // of what was read
    Comparison comparison;
    std::expected<Outcome, std::string> outcome;
};

json::object opinion_json(const history::Opinion& opinion) {
    json::object out{{"verdict", opinion.blocked ? "blocked" : "allowed"},
                     {"end", opinion.inbound ? "destination" : "source"}};
    put(out, "rule", opinion.rule);
    put(out, "reason", opinion.reason);
    return out;
}

json::object row_json(const flowmap::Catalog& catalog, const Job& job, const Difference& row) {
    const auto& recorded = job.comparison.edges[row.recorded];
    return {{"change", row.newly_blocked() ? "newly-blocked" : "newly-allowed"},
            {"edge", edge_json(catalog, {recorded.id, recorded.numbers})},
            {"active", opinion_json(row.active)},
            {"draft", opinion_json(row.draft)},
            {"unsure", row.unsure()}};
}

http::Response answer_of(const flowmap::Catalog& catalog, const Job& job) {
    if (!job.outcome)
        return response(Problem{422, "invalid", job.outcome.error()});
    const auto& all = job.outcome->differences;
    json::array items;
    for (auto at = job.first; at < all.size() && items.size() < job.page.limit; ++at)
        items.push_back(row_json(catalog, job, all[at]));
    const auto next = job.first + items.size();
    auto out =
        page_json(std::move(items), next < all.size() ? std::to_string(next) : "", all.size());
    out["since"] = rfc3339(job.since_ns);
    out["until"] = rfc3339(job.until_ns);
    out["edges"] = job.comparison.edges.size();
    out["totals"] = {{"same", job.outcome->same},
                     {"newly_blocked", job.outcome->newly_blocked},
                     {"newly_allowed", job.outcome->newly_allowed},
                     {"not_judged", job.outcome->not_judged},
                     {"unsure", job.outcome->unsure}};
    out["warnings"] = to_json(job.warnings);
    return ok(out);
}

// Policies are copied, as the work is done beside the loop: seconds for a large fleet.
Answer recorded(Context& context, Call& call) {
    call.params.allow({"q", "since", "until", "limit", "after"});
    auto job = std::make_shared<Job>();
    job->page = page_query(call.params);
    const auto first = place_in(job->page.after);
    if (!first)
        return std::unexpected(first.error());
    auto found = map_edges(context, call);
    if (!found)
        return std::unexpected(found.error());
    job->warnings = std::move(found->request.warnings);
    job->first = *first;
    job->since_ns = found->period.since_ns;
    job->until_ns = found->period.until_ns;
    job->comparison.active = context.controller.active();
    job->comparison.draft = context.controller.draft();
    job->comparison.take(found->reader->catalog(), found->period.edges);
    context.options.aside([job] { job->outcome = job->comparison.run(); },
                          [job, reader = found->reader, reply = call.reply] {
                              reply(answer_of(reader->catalog(), *job));
                          });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> recorded_endpoints() {
    return {{"GET", "/api/v1/impact/recorded", Credential::token, Right::read, recorded}};
}

} // namespace ringwall::api
