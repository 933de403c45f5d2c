// /suggestions: labels that workloads probably should have.
#include <cmath>
#include <memory>

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/reports.h"
#include "control/history/suggest.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;
using history::Suggestion;

constexpr std::size_t most_items = 1000;

struct Job {
    std::vector<model::Workload> workloads; // those that may be seen
    std::vector<history::Report> reports;
    history::Suggestions found;
};

json::object item_json(const Suggestion& each) {
    return {{"workload", each.workload},
            {"kind", each.mislabelled ? "mislabelled" : "unlabelled"},
            {"labels", json::value_from(each.labels)},
            {"suggested", json::value_from(each.suggested)},
            {"score", std::round(each.score * 100) / 100},
            {"like", each.like},
            {"evidence", texts(each.evidence)}};
}

http::Response answer_of(const Job& job) {
    const auto& all = job.found.items;
    json::array items;
    for (std::size_t i = 0; i < all.size() && i < most_items; ++i)
        items.push_back(item_json(all[i]));
    const auto hidden = all.size() - items.size();
    return ok(
        {{"items", std::move(items)}, {"hidden", hidden}, {"considered", job.found.considered}});
}

// Who is compared is who may be seen: evidence tells of the others' labels.
Answer suggestions(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto job = std::make_shared<Job>();
    for (const auto& workload : context.controller.active().workloads)
        if (call.who.sees(workload.labels))
            job->workloads.push_back(workload);
    job->reports = reports_of(context.controller);
    context.options.aside(
        [job] {
            job->found =
                history::suggest(job->workloads, history::heard(job->workloads, job->reports));
        },
        [job, reply = call.reply] { reply(answer_of(*job)); });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> suggestion_endpoints() {
    return {{"GET", "/api/v1/suggestions", Credential::token, Right::read, suggestions}};
}

} // namespace ringwall::api
