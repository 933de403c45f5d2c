// /provision and /rollback.
#include <fmt/format.h>

#include "control/api/chosen.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"
#include "control/store/canonical.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_note = 1000;
constexpr std::uint64_t week_s = 604'800;

std::optional<core::Canary> canary_in(Fields& request, Faults& faults) {
    const json::value* given = request.find("canary");
    if (!given)
        return std::nullopt;
    Fields fields(*given, request.pointer("canary"), faults, {"query", "percent", "max_blocks"});
    core::Canary out;
    if (fields.find("query"))
        out.query = fields.text("query", 4096).value_or("");
    if (const json::value* percent = fields.find("percent")) {
        boost::system::error_code error;
        out.percent = percent->to_number<double>(error);
        if (error || !(out.percent > 0 && out.percent <= 100))
            fields.fault("percent", "percent is a number above 0 and up to 100");
    }
    out.max_blocks = fields.number("max_blocks", 0, store::draft);
    return out;
}

struct Wanted {
    core::ProvisionRequest request;
    std::vector<core::Fault> warnings;
};

Result<Wanted> wanted_in(const Context& context, Call& call) {
    Faults faults;
    Fields fields(call.body, "", faults, {"objects", "note", "base", "confirm_within_s", "canary"});
    Wanted out;
    out.request.by = author(context, call);
    out.request.selection = objects_in(fields, faults);
    out.request.note = fields.text("note", longest_note).value_or("");
    out.request.base = fields.number("base", 0, store::draft - 1);
    out.request.confirm_within =
        std::chrono::seconds(fields.number("confirm_within_s", 0, week_s).value_or(0));
    out.request.canary = canary_in(fields, faults);
    out.request.asked = store::canonical(call.body).value_or("");
    if (!faults.empty())
        return invalid(std::move(faults));
    if (!out.request.canary)
        return out;
    const auto query = query_in("canary/query", out.request.canary->query);
    if (!query)
        return std::unexpected(query.error());
    const auto& workloads = context.controller.active().workloads;
    for (const auto* workload : select_page(workloads, *query, call.who.scope, "", 0).items)
        if (workload->managed && workload->cgroup.empty())
            out.request.canary_agents.push_back(workload->name);
    out.warnings = query_warnings(*query, workloads);
    return out;
}

http::Response provisioned(core::ProvisionPlan plan, const std::vector<core::Fault>& warnings,
                           std::optional<std::uint64_t> version) {
    plan.warnings.insert(plan.warnings.end(), warnings.begin(), warnings.end());
    return ok(to_json(plan, version));
}

Answer provision(Context& context, Call& call) {
    call.params.allow({"dry_run"});
    const bool dry_run = call.params.flag("dry_run");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    auto wanted = wanted_in(context, call);
    if (!wanted)
        return std::unexpected(wanted.error());
    if (!dry_run)
        if (auto before = context.controller.provisioned_before(wanted->request);
            !before || *before) {
            if (!before)
                return std::unexpected(from(before.error()));
            return provisioned((*before)->plan, wanted->warnings, (*before)->version.number);
        }
    if (auto narrowed = narrow(context, call.who, wanted->request.selection); !narrowed)
        return std::unexpected(narrowed.error());
    if (dry_run || !call.who.everywhere()) {
        const auto plan = context.controller.plan(wanted->request);
        if (!plan)
            return std::unexpected(from(plan.error()));
        if (auto permitted = all_inside(call.who, plan->changes); !permitted)
            return std::unexpected(permitted.error());
        if (dry_run)
            return provisioned(*plan, wanted->warnings, {});
    }
    auto done = context.controller.provision(wanted->request);
    if (!done)
        return std::unexpected(from(done.error()));
    return provisioned(std::move(done->plan), wanted->warnings, done->version.number);
}

// ---- /rollback

Answer rollback(Context& context, Call& call) {
    call.params.allow({"dry_run"});
    const bool dry_run = call.params.flag("dry_run");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"to", "note", "base", "confirm_within_s"});
    fields.require("to");
    const store::Rollback request{.by = author(context, call),
                                  .to = fields.number("to", 1, store::draft - 1).value_or(0),
                                  .note = fields.text("note", longest_note).value_or(""),
                                  .base = fields.number("base", 0, store::draft - 1)};
    const std::chrono::seconds within(fields.number("confirm_within_s", 0, week_s).value_or(0));
    if (!faults.empty())
        return invalid(std::move(faults));
    if (auto whole = everywhere(call.who, "a rollback"); !whole)
        return std::unexpected(whole.error());
    if (dry_run) {
        auto plan = context.controller.plan(request);
        if (!plan)
            return std::unexpected(from(plan.error()));
        return provisioned(std::move(*plan), {}, {});
    }
    auto done = context.controller.rollback(request, within);
    if (!done)
        return std::unexpected(from(done.error()));
    return provisioned(std::move(done->plan), {}, done->version.number);
}

} // namespace

std::vector<Endpoint> provision_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"POST", "/api/v1/provision", token, Right::provision, provision, document_body},
        {"POST", "/api/v1/rollback", token, Right::provision, rollback, small_body},
    };
}

} // namespace ringwall::api
