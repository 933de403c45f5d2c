// /exposure: how much of what listens can be reached.
#include <memory>

#include <boost/json/array.hpp>

#include "control/api/endpoint.h"
#include "control/api/reports.h"
#include "control/core/document.h"
#include "control/core/policies.h"
#include "control/history/exposure.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;
using history::Exposed;
using Outcome = std::expected<history::Exposure, Problem>;

struct Job {
    json::value version; // "draft", or its number
    history::ExposureQuestion question;
    std::vector<store::Object> contents; // of a version that is not in force
    std::vector<history::Report> reports;
    Outcome outcome;
};

json::object numbers_of(const Exposed& exposed) {
    return {{"workloads", exposed.workloads},
            {"ports", exposed.ports},
            {"open", exposed.open},
            {"now", exposed.now},
            {"enforced", exposed.enforced}};
}

http::Response answer_of(const Job& job) {
    if (!job.outcome)
        return response(job.outcome.error());
    json::array items;
    for (const auto& exposed : job.outcome->apps) {
        auto& item = items.emplace_back(numbers_of(exposed)).get_object();
        item["app"] = exposed.app;
    }
    return ok({{"version", job.version},
               {"items", std::move(items)},
               {"total", numbers_of(job.outcome->total)},
               {"unknown", job.outcome->unknown}});
}

// An earlier version with the workloads of today.
Result<model::Policy> policy_of(const std::vector<store::Object>& contents,
                                std::vector<model::Workload> workloads) {
    std::vector<core::Body> bodies;
    for (const auto& object : contents)
        bodies.push_back({object.id, object.body});
    auto out = core::model_of(bodies);
    if (!out)
        return invalid(std::move(out.error()));
    out->workloads = std::move(workloads);
    return std::move(*out);
}

Outcome outcome_of(Job& job) {
    auto& policy = job.question.policy;
    if (!job.contents.empty()) {
        auto earlier = policy_of(job.contents, std::move(policy.workloads));
        if (!earlier)
            return std::unexpected(earlier.error());
        policy = std::move(*earlier);
    }
    job.question.heard = history::heard(policy.workloads, job.reports);
    auto out = history::exposure(job.question);
    if (!out)
        return std::unexpected(Problem{422, "invalid", out.error()});
    return std::move(*out);
}

// What belongs to the policy of that version; of an earlier one it is read beside the loop.
Result<void> take_policy(const Context& context, std::uint64_t version, Job& job) {
    auto& policy = job.question.policy;
    job.version = version;
    if (version == store::draft) {
        job.version = "draft";
        policy = context.controller.draft();
    } else if (version == context.controller.active_version()) {
        policy = context.controller.active();
    } else {
        auto contents = core::all_contents(context.controller.store(), version);
        if (!contents)
            return std::unexpected(from(contents.error()));
        job.contents = std::move(*contents);
        policy.workloads = context.controller.active().workloads;
    }
    return {};
}

Answer exposure(Context& context, Call& call) {
    call.params.allow({"version"});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto version = version_of(context, call.params, "version", "active");
    if (!version)
        return std::unexpected(version.error());
    const auto job = std::make_shared<Job>();
    if (auto taken = take_policy(context, *version, *job); !taken)
        return std::unexpected(taken.error());
    job->reports = reports_of(context.controller);
    job->question.now_ns = context.now_ns();
    if (!call.who.everywhere())
        job->question.counts = [who = call.who](const model::Labels& labels) {
            return who.sees(labels);
        };
    context.options.aside([job] { job->outcome = outcome_of(*job); },
                          [job, reply = call.reply] { reply(answer_of(*job)); });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> exposure_endpoints() {
    return {{"GET", "/api/v1/exposure", Credential::token, Right::read, exposure}};
}

} // namespace ringwall::api
