// /staging: the draft that agents judge beside what they enforce.
#include <fmt/format.h>

#include "common/time.h"
#include "control/api/chosen.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_note = 1000;

std::unexpected<Problem> nothing_staged() {
    return not_found("nothing is staged; PUT /api/v1/staging stages the draft");
}

json::object staging_json(const Context& context, const Principal& who,
                          const core::StagingState& state) {
    json::array changes, agents;
    for (const auto& change : state.changes)
        changes.push_back({{"kind", kind_word(change.id.kind)},
                           {"name", change.id.name},
                           {"outcome", store::name(outcome_of(change))}});
    for (const auto& each : state.agents)
        if (sees(context, who, each.agent)) {
            json::object agent{{"name", each.agent}, {"reported", each.reported}};
            if (!each.refused.empty())
                agent["refused"] = clean(each.refused);
            agents.push_back(std::move(agent));
        }
    json::object out{{"number", state.number},
                     {"actor", clean(state.actor)},
                     {"since", rfc3339(state.since_ns)},
                     {"changes", std::move(changes)},
                     {"agents", std::move(agents)}};
    if (!state.note.empty())
        out["note"] = clean(state.note);
    return out;
}

Answer get(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto state = context.controller.staging();
    if (!state)
        return nothing_staged();
    return ok(staging_json(context, call.who, *state));
}

Result<core::StageRequest> request_in(const Context& context, Call& call) {
    Faults faults;
    Fields fields(call.body, "", faults, {"objects", "note", "base"});
    core::StageRequest out{.by = author(context, call),
                           .selection = objects_in(fields, faults),
                           .note = fields.text("note", longest_note).value_or(""),
                           .base = fields.number("base", 0, store::draft - 1)};
    if (!faults.empty())
        return invalid(std::move(faults));
    if (auto narrowed = narrow(context, call.who, out.selection); !narrowed)
        return std::unexpected(narrowed.error());
    return out;
}

// What is staged belongs to somebody: a narrowed role replaces and takes off what is its own.
Result<void> may_replace(const Context& context, const Principal& who) {
    const auto state = context.controller.staging();
    if (!state || who.everywhere())
        return {};
    for (const auto& change : state->changes)
        if (!inside(who.scope, change))
            return forbidden(fmt::format("staging {} of {} changes {} {}, which is outside {}, to "
                                         "which the role of {} is narrowed; ask {} to take it off",
                                         state->number, clean(state->actor),
                                         kind_word(change.id.kind), change.id.name, text(who.scope),
                                         who.actor, clean(state->actor)));
    return {};
}

Answer put(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    const auto request = request_in(context, call);
    if (!request)
        return std::unexpected(request.error());
    if (auto may = may_replace(context, call.who); !may)
        return std::unexpected(may.error());
    if (*dry_run || !call.who.everywhere()) {
        const auto would = context.controller.stage(*request, true);
        if (!would)
            return std::unexpected(from(would.error()));
        if (auto permitted = all_inside(call.who, would->plan.changes); !permitted)
            return std::unexpected(permitted.error());
        if (*dry_run)
            return ok(to_json(would->plan, {}));
    }
    const auto done = context.controller.stage(*request, false);
    if (!done)
        return std::unexpected(from(done.error()));
    auto out = to_json(done->plan, {});
    out["number"] = done->number;
    return ok(out);
}

Answer remove(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (!context.controller.staging())
        return nothing_staged();
    if (auto may = may_replace(context, call.who); !may)
        return std::unexpected(may.error());
    if (auto done = context.controller.unstage(author(context, call)); !done)
        return std::unexpected(from(done.error()));
    return http::Response{.status = 204};
}

} // namespace

std::vector<Endpoint> staging_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"GET", "/api/v1/staging", token, Right::read, get},
        {"PUT", "/api/v1/staging", token, Right::provision, put, document_body},
        {"DELETE", "/api/v1/staging", token, Right::provision, remove},
    };
}

} // namespace ringwall::api
