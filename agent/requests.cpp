#include "agent/requests.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include "agent/flow_text.h"
#include "agent/held.h"
#include "agent/host.h"
#include "agent/why.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;

std::string line(const char* name, json::value value) {
    return json::serialize(json::object{{name, std::move(value)}});
}

json::array judgements_json(const std::vector<Judgement>& ends) {
    json::array out;
    for (const auto& end : ends)
        out.push_back(to_json(end));
    return out;
}

} // namespace

std::string Requests::answer(const Request& request) {
    switch (request.what) {
    case Request::Do::status:
        return line("status", status_json(enforcement_, process_));
    case Request::Do::counters:
        return line("counters", counters_json(enforcement_.datapath().counters()));
    case Request::Do::sysdump:
        return line("sysdump", sysdump_json(enforcement_, process_));
    case Request::Do::why:
        return why(request.why);
    case Request::Do::policy:
        return policy(request.workload);
    case Request::Do::snapshot:
        return snapshot();
    case Request::Do::pause:
        return pause(std::chrono::seconds(request.pause_seconds));
    case Request::Do::resume:
        return pause(std::chrono::seconds(0));
    case Request::Do::flows:
    case Request::Do::detach:
        break;
    }
    return error_json({ApiErrc::bad_request, "this request is not answered here"});
}

std::vector<Flow> Requests::recent(const FlowQuery& query) const {
    std::vector<Flow> out;
    flows_.each([&](const Flow& flow) {
        if (query.filter.matches(flow))
            out.push_back(flow);
    });
    std::ranges::stable_sort(out, {}, &Flow::wall_ns);
    if (query.last && out.size() > query.last)
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(query.last));
    return out;
}

std::string Requests::why(const WhyQuery& query) const {
    if (query.flow)
        return why_recorded(*query.flow);
    const auto ends = agent::why(enforcement_.snapshot(), query);
    if (!ends)
        return error_json(ends.error());
    return line("why", json::object{{"ends", judgements_json(*ends)}});
}

// What was decided then, and what the policy of now says.
std::string Requests::why_recorded(std::uint64_t id) const {
    const auto* flow = flows_.find(id);
    if (!flow)
        return error_json({ApiErrc::not_found,
                           fmt::format("no flow {} is kept; 'ringwall flows' lists those that are",
                                       flow_id(id))});
    WhyQuery query;
    query.from = flow->source_address().text();
    query.to = flow->destination_address().text();
    query.protocol = flow->event.protocol;
    query.port = flow->port();
    query.any_port = false;
    query.path = flow->program->path;
    query.unit = flow->program->service.empty() ? flow->program->unit : flow->program->service;
    query.container = flow->program->container;
    query.user = *flow->user;
    std::string recorded;
    append_json(recorded, *flow);
    const auto snapshot = enforcement_.snapshot();
    std::vector<Judgement> ends;
    for (const auto& subject : snapshot.policy().subjects())
        if (subject.workload() == flow->local->workload)
            ends.push_back(judge(snapshot, subject, !flow->outward(),
                                 {flow->event.peer, query.protocol, query.port, false},
                                 {query.path, query.unit, query.container, query.user, {}, {}}));
    return fmt::format(R"({{"why":{{"flow":{},"ends":{}}}}})", recorded,
                       json::serialize(judgements_json(ends)));
}

std::string Requests::policy(const std::string& workload) const {
    const auto snapshot = enforcement_.snapshot();
    json::array subjects;
    for (const auto& subject : snapshot.policy().subjects())
        if (workload.empty() || subject.workload() == workload)
            subjects.push_back(
                json::object{{"workload", subject.workload()},
                             {"rules", json::value_from(rules_in_words(snapshot, subject))}});
    if (subjects.empty())
        return error_json({ApiErrc::not_found, "'" + workload + "' is not enforced by this agent"});
    return line("policy", json::object{{"version", shown_version(snapshot.policy())},
                                       {"subjects", std::move(subjects)}});
}

std::string Requests::snapshot() const {
    std::string hex;
    for (unsigned char byte : frame_snapshot(enforcement_.snapshot()))
        fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
    return line("snapshot", json::value_from(hex));
}

std::string Requests::pause(std::chrono::seconds duration) {
    if (auto done = enforcement_.pause(duration); !done)
        return error_json({ApiErrc::failed, done.error().message});
    const auto until = std::int64_t(monotonic_ns()) + wall_offset_ns() +
                       duration.count() * std::int64_t{1'000'000'000};
    return duration.count() ? line("paused_until", json::value_from(rfc3339(until)))
                            : std::string(R"({"done":"resumed"})");
}

} // namespace ringwall::agent
