#include "control/api/render.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>

#include "common/time.h"
#include "control/api/fields.h"
#include "control/api/target.h"
#include "control/core/document.h"
#include "control/store/diff.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

// What a body has that nobody gets to see.
std::string_view secret_of(std::string_view kind) {
    return kind == "token" ? "sha256" : kind == "pairing_profile" ? "tokens" : "";
}

void hide_secret(std::string_view kind, json::value& spec) {
    if (json::object* members = spec.if_object())
        members->erase(secret_of(kind));
}

json::value body_of(std::string_view kind, const std::string& body) {
    boost::system::error_code damaged; // the store has compared the body with its digest
    auto out = json::parse(body, damaged);
    hide_secret(kind, out);
    return out;
}

const char* word(store::Difference::Kind kind) {
    switch (kind) {
    case store::Difference::Kind::added:
        return "added";
    case store::Difference::Kind::removed:
        return "removed";
    case store::Difference::Kind::changed:
        return "changed";
    case store::Difference::Kind::reordered:
        return "reordered";
    }
    return "";
}

json::object difference(std::string pointer, const char* kind, std::optional<json::value> before,
                        std::optional<json::value> after) {
    json::object out{{"pointer", std::move(pointer)}, {"kind", kind}};
    if (before)
        out["before"] = std::move(*before);
    if (after)
        out["after"] = std::move(*after);
    return out;
}

json::object canary_json(const core::Canary& canary) {
    json::object out{{"query", canary.query}, {"percent", canary.percent}};
    if (canary.max_blocks)
        out["max_blocks"] = *canary.max_blocks;
    return out;
}

json::object to_json(const fleet::SessionStats& stats) {
    return {{"connections", stats.connections},
            {"unknown_messages", stats.unknown_messages},
            {"snapshots", stats.snapshots},
            {"deltas", stats.deltas},
            {"nacks", stats.nacks},
            {"flow_summaries", stats.flow_summaries},
            {"flow_duplicates", stats.flow_duplicates},
            {"flows_folded", stats.flows_folded},
            {"flows_lost", stats.flows_lost},
            {"flow_overlaps", stats.flow_overlaps}};
}

} // namespace

std::string clean(std::string_view text) {
    std::string out(text);
    if (is_utf8(text))
        return out;
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) > 0x7e; }, '?');
    return out;
}

std::string kind_word(std::string_view store_kind) {
    const auto* kind = core::kind_of_store(store_kind);
    return std::string(kind ? kind->document : store_kind);
}

json::object to_json(const core::Fault& fault) {
    json::object out;
    if (!fault.object.kind.empty()) {
        out["kind"] = kind_word(fault.object.kind);
        out["name"] = clean(fault.object.name);
    }
    out["pointer"] = clean(fault.pointer);
    out["sentence"] = clean(fault.sentence);
    out["warning"] = fault.warning;
    return out;
}

json::array to_json(const std::vector<core::Fault>& faults) {
    json::array out;
    for (const auto& fault : faults)
        out.push_back(to_json(fault));
    return out;
}

json::object to_json(const store::Version& version, std::uint64_t active) {
    json::object out{{"number", version.number},          {"time", rfc3339(version.time_ns)},
                     {"actor", clean(version.actor)},     {"origin", clean(version.origin)},
                     {"note", clean(version.note)},       {"changes", version.changes},
                     {"active", version.number == active}};
    if (version.rollback_to != 0)
        out["rollback_to"] = version.rollback_to;
    return out;
}

store::Outcome outcome_of(const store::ObjectChange& change) {
    return !change.before  ? store::Outcome::created
           : !change.after ? store::Outcome::removed
                           : store::Outcome::changed;
}

json::object to_json(const core::ProvisionPlan& plan, std::optional<std::uint64_t> version) {
    json::object out;
    if (version)
        out["version"] = *version;
    json::array changes, pulled_in;
    for (const auto& change : plan.changes)
        changes.push_back({{"kind", kind_word(change.id.kind)},
                           {"name", change.id.name},
                           {"outcome", store::name(outcome_of(change))}});
    for (const auto& id : plan.pulled_in)
        pulled_in.push_back({{"kind", kind_word(id.kind)}, {"name", id.name}});
    out["changes"] = std::move(changes);
    out["pulled_in"] = std::move(pulled_in);
    out["warnings"] = to_json(plan.warnings);
    out["agents"] = texts(plan.agents);
    return out;
}

json::object rollout_json(const core::RolloutState& rollout) {
    json::object out{{"version", rollout.version},
                     {"previous", rollout.previous},
                     {"phase", core::name(rollout.phase)},
                     {"began", rfc3339(rollout.began_ns)},
                     {"first", texts(rollout.first)},
                     {"concerned", rollout.concerned},
                     {"acknowledged", texts(rollout.acknowledged)},
                     {"refused", texts(rollout.refused)},
                     {"blocks", rollout.blocks}};
    if (rollout.deadline_ns != 0)
        out["deadline"] = rfc3339(rollout.deadline_ns);
    if (rollout.canary)
        out["canary"] = canary_json(*rollout.canary);
    if (!rollout.reason.empty())
        out["reason"] = clean(rollout.reason);
    return out;
}

json::object to_json(const store::AuditRecord& record) {
    json::object out{{"sequence", record.sequence},       {"time", rfc3339(record.time_ns)},
                     {"actor", clean(record.actor)},      {"origin", clean(record.origin)},
                     {"action", record.action},           {"kind", kind_word(record.object.kind)},
                     {"name", clean(record.object.name)}, {"hash", record.hash}};
    if (record.before)
        out["before"] = body_of(record.object.kind, *record.before);
    if (record.after)
        out["after"] = body_of(record.object.kind, *record.after);
    return out;
}

json::object to_json(const core::Agent& agent) {
    json::object out{{"name", agent.name},
                     {"presence", fleet::name(agent.presence)},
                     {"peer", clean(agent.peer)},
                     {"version", clean(agent.version)},
                     {"boot_id", clean(agent.boot_id)},
                     {"provisioned", agent.provisioned},
                     {"current", agent.current},
                     {"unconfirmed", agent.unconfirmed},
                     {"given_up", agent.given_up},
                     {"skew_ms", agent.skew_ns / 1'000'000},
                     {"stats", to_json(agent.stats)}};
    if (agent.paired_ns != 0)
        out["paired"] = rfc3339(agent.paired_ns);
    if (!agent.revoked.empty())
        out["revoked"] = clean(agent.revoked);
    if (agent.last_heard_ns != 0)
        out["last_heard"] = rfc3339(agent.last_heard_ns);
    if (!agent.refused.empty())
        out["refused"] = clean(agent.refused);
    return out;
}

json::object shown(const store::Object& object) {
    auto out = core::document(object);
    hide_secret(object.id.kind, out["spec"]);
    return out;
}

json::array differences(const std::string& kind, const std::optional<std::string>& before,
                        const std::optional<std::string>& after) {
    json::array out;
    if (!before && !after)
        return out;
    if (!before || !after) {
        auto body = body_of(kind, before ? *before : *after);
        out.push_back(before ? difference("/spec", word(store::Difference::Kind::removed), body, {})
                             : difference("/spec", word(store::Difference::Kind::added), {}, body));
        return out;
    }
    for (auto& found : store::diff(body_of(kind, *before), body_of(kind, *after)))
        out.push_back(difference("/spec" + found.pointer, word(found.kind), std::move(found.before),
                                 std::move(found.after)));
    return out;
}

} // namespace ringwall::api
