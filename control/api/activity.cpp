// /map/activity: what the map's filter means, over time.
#include <memory>

#include <boost/json/array.hpp>

#include "common/time.h"
#include "control/api/map_request.h"
#include "control/api/render.h"
#include "control/api/writing.h"
#include "control/flowmap/activity.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::uint64_t usual_buckets = 120, most_buckets = 500;

struct Job {
    std::vector<core::Fault> warnings; // of the query
    std::int64_t since_ns = 0, until_ns = 0;
    flowmap::Activity activity;
    http::Reply reply;
};

json::object bucket_json(const flowmap::Bucket& bucket) {
    return {{"from", rfc3339(bucket.from_ns)},
            {"allowed", bucket.allowed},
            {"unmatched", bucket.unmatched},
            {"would_block", bucket.would_block},
            {"blocked", bucket.blocked}};
}

http::Response answer_of(const Job& job) {
    json::array buckets;
    for (const auto& bucket : job.activity.buckets())
        buckets.push_back(bucket_json(bucket));
    return ok({{"since", rfc3339(job.since_ns)},
               {"until", rfc3339(job.until_ns)},
               {"buckets", std::move(buckets)},
               {"warnings", to_json(job.warnings)}});
}

// The map is the loop's alone: between two buckets others are served.
void go_on(const decltype(Options::aside)& aside, const std::shared_ptr<Job>& job) {
    const auto more = job->activity.advance();
    if (!more)
        return job->reply(response(Problem{500, "io", more.error().message}));
    if (!*more)
        return job->reply(answer_of(*job));
    aside([] {}, [aside, job] { go_on(aside, job); });
}

std::unordered_set<flowmap::EdgeId> ids_of(const flowmap::Period& period) {
    std::unordered_set<flowmap::EdgeId> out;
    for (const auto& [id, numbers] : period.edges)
        out.insert(id);
    return out;
}

Answer activity(Context& context, Call& call) {
    call.params.allow({"q", "since", "until", "buckets"});
    const auto most = call.params.number("buckets", 1, most_buckets).value_or(usual_buckets);
    auto found = map_edges(context, call);
    if (!found)
        return std::unexpected(found.error());
    const auto since = found->request.since_ns, until = found->request.until_ns;
    go_on(context.options.aside,
          std::make_shared<Job>(
              std::move(found->request.warnings), found->period.since_ns, found->period.until_ns,
              flowmap::Activity(*found->reader, ids_of(found->period), since, until, most),
              call.reply));
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> activity_endpoints() {
    return {{"GET", "/api/v1/map/activity", Credential::token, Right::read, activity}};
}

} // namespace ringwall::api
