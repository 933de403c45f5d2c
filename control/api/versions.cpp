// /versions and /diff.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

Answer list_versions(Context& context, Call& call) {
    call.params.allow({"limit", "after"});
    const auto page = page_query(call.params);
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto found =
        context.controller.store().versions({.after = page.after, .limit = page.limit});
    if (!found)
        return std::unexpected(of_page(core::from(found.error())));
    json::array items;
    for (const auto& version : found->items)
        items.push_back(to_json(version, context.controller.active_version()));
    return ok(page_json(std::move(items), found->next, found->total));
}

Answer get_version(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    Params number({{"number", call.captured.front()}});
    const auto wanted = number.number("number", 1, store::draft - 1);
    if (auto good = number.check(); !good)
        return std::unexpected(good.error());
    const auto version = context.controller.store().version(*wanted);
    if (!version)
        return std::unexpected(from(version.error()));
    return ok(to_json(*version, context.controller.active_version()));
}

json::object change_json(const store::ObjectChange& change) {
    json::object out{{"kind", kind_word(change.id.kind)},
                     {"name", change.id.name},
                     {"outcome", store::name(outcome_of(change))},
                     {"differences", differences(change.id.kind, change.before, change.after)}};
    if (change.revision != 0)
        out["revision"] = change.revision;
    return out;
}

Answer diff(Context& context, Call& call) {
    call.params.allow({"from", "to"});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto older = version_of(context, call.params, "from", "active");
    const auto newer = version_of(context, call.params, "to", "draft");
    if (!older || !newer)
        return std::unexpected(older ? newer.error() : older.error());
    const auto found = context.controller.store().changes(*older, *newer);
    if (!found)
        return std::unexpected(from(found.error()));
    json::array changes;
    for (const auto& change : *found)
        changes.push_back(change_json(change));
    return ok({{"from", call.params.text("from").value_or("active")},
               {"to", call.params.text("to").value_or("draft")},
               {"changes", std::move(changes)}});
}

} // namespace

std::vector<Endpoint> version_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"GET", "/api/v1/versions", token, Right::read, list_versions},
        {"GET", "/api/v1/versions/{number}", token, Right::read, get_version},
        {"GET", "/api/v1/diff", token, Right::read, diff},
    };
}

} // namespace ringwall::api
