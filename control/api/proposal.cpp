// /proposal: rules that would allow what was recorded, as documents, and as YAML with the evidence.
#include <algorithm>
#include <memory>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/map_json.h"
#include "control/api/map_request.h"
#include "control/api/wire_json.h"
#include "control/api/writing.h"
#include "control/history/proposal.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;
using history::ProposedRule;
using history::ProposedSet;

constexpr std::size_t listed_uncovered = 1000;

struct Job {
    std::vector<core::Fault> warnings; // of the query
    history::ProposalOptions options;
    std::int64_t since_ns = 0, until_ns = 0;
    history::Comparison comparison;
    std::expected<history::Proposal, std::string> outcome;
};

json::object selector_json(const history::Labels& labels) {
    if (labels.empty())
        return {{"all", true}};
    return json::value_from(labels).as_object();
}

json::object service_of(const ProposedRule& rule) {
    json::object out{{"proto", protocol_name(rule.protocol)}};
    const bool icmp = rule.protocol == 1 || rule.protocol == 58;
    if (rule.port && icmp)
        out["types"] = json::array{fmt::format("{}/{}", *rule.port >> 8, *rule.port & 0xff)};
    else if (rule.port)
        out["ports"] = json::array{*rule.port};
    json::object process;
    put(process, "unit", rule.unit);
    put(process, "container", rule.container);
    put(process, "path", rule.path);
    if (!process.empty())
        out["process"] = std::move(process);
    return out;
}

json::object rule_json(const ProposedRule& rule) {
    json::array from, to;
    for (const auto& labels : rule.from)
        from.push_back(selector_json(labels));
    for (const auto& list : rule.lists)
        from.push_back(json::object{{"list", list}});
    for (const auto& labels : rule.to)
        to.push_back(selector_json(labels));
    return {{"name", rule.name},
            {"action", "allow"},
            {"scope", rule.intra ? "intra" : "extra"},
            {"from", std::move(from)},
            {"to", std::move(to)},
            {"services", json::array{service_of(rule)}}};
}

json::object document_of(const ProposedSet& set) {
    json::object spec;
    if (!set.scope.empty())
        spec["scopes"] = json::array{json::value_from(set.scope)};
    auto& rules = spec["rules"].emplace_array();
    for (const auto& rule : set.rules)
        rules.push_back(rule_json(rule));
    return {{"apiVersion", "ringwall/v1"},
            {"kind", "RuleSet"},
            {"metadata", {{"name", set.name}}},
            {"spec", std::move(spec)}};
}

json::object evidence_json(const ProposedSet& set, const ProposedRule& rule) {
    return {{"rule", set.name + "/" + rule.name},
            {"connections", rule.connections},
            {"edges", rule.edges},
            {"first_seen", rfc3339(rule.first_seen_ns)},
            {"last", rfc3339(rule.last_ns)},
            {"risks", json::array(rule.risks.begin(), rule.risks.end())}};
}

// Labels of hosts are in it: no line of theirs may become a line of the policy.
std::string comment(const std::string& text) {
    std::string out = "  # ";
    for (const char c : text)
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out + '\n';
}

// JSON is YAML; what a person reads first is a line of its own.
std::string yaml_of(const ProposedSet& set) {
    const auto document = document_of(set);
    const auto& spec = document.at("spec").as_object();
    auto out = fmt::format("---\napiVersion: ringwall/v1\nkind: RuleSet\nmetadata: {{name: {}}}\n"
                           "spec:\n",
                           set.name);
    if (const auto* scopes = spec.if_contains("scopes"))
        out += fmt::format("  scopes: {}\n", json::serialize(*scopes));
    out += "  rules:\n";
    const auto& rules = spec.at("rules").as_array();
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto& rule = set.rules[i];
        out += comment(fmt::format("{} connections, {} to {}", rule.connections,
                                   rfc3339(rule.first_seen_ns), rfc3339(rule.last_ns)));
        for (const auto& risk : rule.risks)
            out += comment("to think about: " + risk);
        bool first = true;
        for (const auto& part : rules[i].as_object()) {
            out += fmt::format("  {} {}: {}\n", first ? "-" : " ", std::string_view(part.key()),
                               json::serialize(part.value()));
            first = false;
        }
    }
    return out;
}

http::Response answer_of(const flowmap::Catalog& catalog, const Job& job) {
    if (!job.outcome)
        return response(Problem{422, "invalid", job.outcome.error()});
    const auto& proposal = *job.outcome;
    json::array sets, rules, uncovered;
    std::string yaml;
    for (const auto& set : proposal.sets) {
        sets.push_back(document_of(set));
        yaml += yaml_of(set);
        for (const auto& rule : set.rules)
            rules.push_back(evidence_json(set, rule));
    }
    std::uint64_t left = 0;
    for (const auto& each : proposal.uncovered) {
        const auto& recorded = job.comparison.edges[each.recorded];
        left += recorded.numbers.count;
        if (uncovered.size() < listed_uncovered)
            uncovered.push_back(json::object{
                {"why", each.why}, {"edge", edge_json(catalog, {recorded.id, recorded.numbers})}});
    }
    return ok({{"since", rfc3339(job.since_ns)},
               {"until", rfc3339(job.until_ns)},
               {"level", history::level_names[static_cast<std::size_t>(job.options.level)]},
               {"rule_sets", std::move(sets)},
               {"rules", std::move(rules)},
               {"yaml", std::move(yaml)},
               {"coverage",
                {{"connections", proposal.all},
                 {"allowed_already", proposal.allowed_already},
                 {"proposed", proposal.proposed},
                 {"uncovered", left}}},
               {"uncovered", std::move(uncovered)},
               {"uncovered_total", proposal.uncovered.size()},
               {"warnings", to_json(job.warnings)}});
}

history::Level level_in(Params& params) {
    const auto wanted = params.text("level").value_or("process");
    const auto found = std::ranges::find(history::level_names, wanted);
    if (found == history::level_names.end())
        params.fail("the parameter level is process, service, role or app");
    return static_cast<history::Level>(found - history::level_names.begin());
}

// The policy is copied, as the work is done beside the loop.
Answer propose(Context& context, Call& call) {
    call.params.allow({"q", "since", "until", "level", "merge"});
    auto job = std::make_shared<Job>();
    job->options = {level_in(call.params), call.params.flag("merge"), context.now_ns()};
    auto found = map_edges(context, call);
    if (!found)
        return std::unexpected(found.error());
    job->warnings = std::move(found->request.warnings);
    job->since_ns = found->period.since_ns;
    job->until_ns = found->period.until_ns;
    job->comparison.active = context.controller.active();
    job->comparison.take(found->reader->catalog(), found->period.edges);
    context.options.aside([job] { job->outcome = history::propose(job->comparison, job->options); },
                          [job, reader = found->reader, reply = call.reply] {
                              reply(answer_of(reader->catalog(), *job));
                          });
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> proposal_endpoints() {
    return {{"GET", "/api/v1/proposal", Credential::token, Right::read, propose}};
}

} // namespace ringwall::api
