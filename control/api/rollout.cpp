// /rollout and /freeze.
#include <fmt/format.h>

#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

Result<void> no_parameters(Call& call) {
    call.params.allow({});
    return call.params.check();
}

Result<std::string> reason_in(const Call& call) {
    constexpr std::size_t longest_reason = 1000;
    Faults faults;
    Fields fields(call.body, "", faults, {"reason"});
    fields.require("reason");
    auto reason = fields.text("reason", longest_reason);
    if (!faults.empty())
        return invalid(std::move(faults));
    return std::move(*reason);
}

Result<core::RolloutState> under_way(const Context& context) {
    auto state = context.controller.rollout();
    if (!state)
        return not_found("no version was ever on its way");
    return std::move(*state);
}

// A narrowed role moves only versions that change nothing outside of it.
Result<void> may_move(const Context& context, const Principal& who) {
    if (who.everywhere())
        return {};
    const auto state = under_way(context);
    if (!state)
        return std::unexpected(state.error());
    const auto changes = context.controller.store().changes(state->previous, state->version);
    if (!changes)
        return std::unexpected(from(changes.error()));
    for (const auto& change : *changes)
        if (!inside(who.scope, change))
            return everywhere(who, fmt::format("version {}, which changes {} {},", state->version,
                                               kind_word(change.id.kind), change.id.name));
    return {};
}

Answer get_rollout(Context& context, Call& call) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    const auto state = under_way(context);
    if (!state)
        return std::unexpected(state.error());
    return ok(rollout_json(*state));
}

template <typename Move>
Answer moved(Context& context, Call& call, Move move) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    if (auto permitted = may_move(context, call.who); !permitted)
        return std::unexpected(permitted.error());
    const auto state = move(context.controller, author(context, call));
    if (!state)
        return std::unexpected(from(state.error()));
    return ok(rollout_json(*state));
}

Answer confirm(Context& context, Call& call) {
    return moved(context, call, [](core::Controller& controller, const store::Author& by) {
        return controller.confirm(by);
    });
}

Answer proceed(Context& context, Call& call) {
    return moved(context, call, [](core::Controller& controller, const store::Author& by) {
        return controller.proceed(by);
    });
}

Answer abort(Context& context, Call& call) {
    const auto reason = reason_in(call);
    if (!reason)
        return std::unexpected(reason.error());
    return moved(context, call, [&](core::Controller& controller, const store::Author& by) {
        return controller.abort(by, *reason);
    });
}

http::Response freeze_state(const Context& context) {
    const std::string reason = context.controller.frozen();
    json::object out{{"frozen", !reason.empty()}};
    if (!reason.empty())
        out["reason"] = clean(reason);
    return ok(out);
}

Answer get_freeze(Context& context, Call& call) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    return freeze_state(context);
}

Answer frozen(Context& context, Call& call, const std::string& reason) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    if (auto whole = everywhere(call.who, "a freeze"); !whole)
        return std::unexpected(whole.error());
    if (auto done = context.controller.freeze(author(context, call), reason); !done)
        return std::unexpected(from(done.error()));
    return freeze_state(context);
}

Answer freeze(Context& context, Call& call) {
    const auto reason = reason_in(call);
    if (!reason)
        return std::unexpected(reason.error());
    return frozen(context, call, *reason);
}

Answer unfreeze(Context& context, Call& call) {
    return frozen(context, call, "");
}

} // namespace

std::vector<Endpoint> rollout_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"GET", "/api/v1/rollout", token, Right::read, get_rollout},
        {"POST", "/api/v1/rollout/confirm", token, Right::provision, confirm},
        {"POST", "/api/v1/rollout/proceed", token, Right::provision, proceed},
        {"POST", "/api/v1/rollout/abort", token, Right::provision, abort, small_body},
        {"GET", "/api/v1/freeze", token, Right::read, get_freeze},
        {"PUT", "/api/v1/freeze", token, Right::administer, freeze, small_body},
        {"DELETE", "/api/v1/freeze", token, Right::administer, unfreeze},
    };
}

} // namespace ringwall::api
