// /authority: the CAs of this controller, and their rotation.
#include <algorithm>

#include <fmt/format.h>

#include "common/time.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t most_names = 10;

// Numbers are of all agents, names only of those that the principal may see.
json::object to_json(const Context& context, const Principal& who, const core::Stragglers& behind) {
    json::array first;
    for (const auto& agent : behind.agents)
        if (first.size() < most_names && sees(context, who, agent))
            first.emplace_back(clean(agent));
    return {{"total", behind.agents.size()},
            {"connected", behind.connected},
            {"first", std::move(first)}};
}

json::object to_json(const core::Rotation::Ca& ca) {
    return {{"subject", ca.certificate.subject},
            {"fingerprint", ca.certificate.fingerprint},
            {"not_before", rfc3339(ca.certificate.not_before * ns_per_second)},
            {"not_after", rfc3339(ca.certificate.not_after * ns_per_second)},
            {"phase", core::name(ca.phase)},
            {"since", ca.since}};
}

http::Response shown(const Context& context, const Principal& who, const core::Rotation& rotation) {
    json::array authorities;
    for (const auto& ca : rotation.authorities)
        authorities.push_back(to_json(ca));
    return ok({{"authorities", std::move(authorities)},
               {"bundle", rotation.bundle},
               {"rotation_due", rotation.due},
               {"agents", rotation.agents},
               {"unacknowledged", to_json(context, who, rotation.unacknowledged)},
               {"old_certificate", to_json(context, who, rotation.old_certificate)}});
}

Answer get(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    return shown(context, call.who, context.controller.rotation());
}

Result<core::RotationStep> step_in(const json::value& body) {
    Faults faults;
    Fields fields(body, "", faults, {"step"});
    fields.require("step");
    const auto text = fields.text("step");
    const auto step = core::parse_rotation_step(text.value_or(""));
    if (text && !step)
        fields.fault(
            "step", fmt::format("{} is no step; say announce, switch or retire", in_quotes(*text)));
    if (!faults.empty())
        return invalid(std::move(faults));
    return *step;
}

Answer rotate(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    if (auto whole = everywhere(call.who, "the rotation of the CA"); !whole)
        return std::unexpected(whole.error());
    const auto step = step_in(call.body);
    if (!step)
        return std::unexpected(step.error());
    const auto done = context.controller.rotate(author(context, call), *step, *dry_run);
    if (!done)
        return std::unexpected(from(done.error()));
    return shown(context, call.who, *done);
}

} // namespace

std::vector<Endpoint> authority_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"GET", "/api/v1/authority", token, Right::read, get},
        {"POST", "/api/v1/authority/rotation", token, Right::administer, rotate, small_body},
    };
}

} // namespace ringwall::api
