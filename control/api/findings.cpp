// /findings: what recorded edges say of the rules in force.
#include <memory>

#include <boost/json/array.hpp>

#include "common/time.h"
#include "control/api/map_request.h"
#include "control/api/render.h"
#include "control/api/wire_json.h"
#include "control/api/writing.h"
#include "control/history/findings.h"
#include "control/policy/check.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t usual_days = 30;

struct Job {
    std::vector<core::Fault> warnings; // of the query
    std::int64_t since_ns = 0, until_ns = 0, now_ns = 0;
    history::Comparison recorded;
    std::vector<history::RuleUse> uses;
    std::vector<model::Problem> problems;
};

json::object use_json(const history::RuleUse& use) {
    json::object out{{"rule", use.rule},
                     {"action", model::name(use.action)},
                     {"hits", use.hits},
                     {"edges", use.edges},
                     {"findings", json::array(use.findings.begin(), use.findings.end())}};
    if (use.last_ns != 0)
        out["last"] = rfc3339(use.last_ns);
    return out;
}

http::Response answer_of(const Job& job) {
    json::array rules, policy;
    for (const auto& use : job.uses)
        rules.push_back(use_json(use));
    for (const auto& problem : job.problems)
        policy.emplace_back(clean(problem.message));
    return ok({{"since", rfc3339(job.since_ns)},
               {"until", rfc3339(job.until_ns)},
               {"rules", std::move(rules)},
               {"policy", std::move(policy)},
               {"warnings", to_json(job.warnings)}});
}

Answer findings(Context& context, Call& call) {
    call.params.allow({"q", "since", "until"});
    auto found = map_edges(context, call, usual_days);
    if (!found)
        return std::unexpected(found.error());
    auto job = std::make_shared<Job>();
    job->warnings = std::move(found->request.warnings);
    job->since_ns = found->period.since_ns;
    job->until_ns = found->period.until_ns;
    job->now_ns = context.now_ns();
    job->recorded.active = context.controller.active();
    job->recorded.take(found->reader->catalog(), found->period.edges);
    context.options.aside(
        [job] {
            job->uses = history::rule_uses(job->recorded);
            job->problems = policy::check(job->recorded.active, job->now_ns);
        },
        [job, reply = call.reply] { reply(answer_of(*job)); });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> finding_endpoints() {
    return {{"GET", "/api/v1/findings", Credential::token, Right::read, findings}};
}

} // namespace ringwall::api
