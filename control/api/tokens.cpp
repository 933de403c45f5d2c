// POST /tokens and /whoami.
#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include "common/time.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

struct NewToken {
    std::string name;
    Token token;
};

Result<NewToken> new_token_in(const Context& context, const Call& call) {
    Faults faults;
    Fields fields(call.body, "", faults, {"name", "role", "user", "scope", "expires"});
    fields.require("name");
    const auto name = fields.name("name");
    auto token = token_in(fields);
    if (token && token->expires_ns && *token->expires_ns <= context.now_ns())
        fields.fault("expires", "expires is in the past");
    if (token && !token->user.empty() && !context.controller.store().object({"user", token->user}))
        fields.fault("user", fmt::format("there is no user {}; make it first", token->user));
    if (!faults.empty())
        return invalid(std::move(faults));
    token->created_by = call.who.actor;
    return NewToken{*name, std::move(*token)};
}

Answer issue(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    auto wanted = new_token_in(context, call);
    if (!wanted)
        return std::unexpected(wanted.error());
    const auto secret = new_secret();
    wanted->token.sha256 = hash_of(secret);
    const store::ObjectId id{"token", wanted->name};
    auto written = write(context, call, {{id, to_json(wanted->token), 0}}, *dry_run);
    if (!written || *dry_run)
        return answer_written(std::move(written), {});
    const auto object = context.controller.store().object(id);
    if (!object)
        return std::unexpected(from(object.error()));
    auto out = with_status(201, {{"document", shown(*object)}, {"secret", secret}});
    out.headers.emplace_back("ETag", fmt::format("\"{}\"", object->revision));
    return out;
}

Answer whoami(Context&, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto& who = call.who;
    json::object out{{"name", who.actor},
                     {"token", who.token},
                     {"role", name(who.role)},
                     {"rights", json::value_from(names(who.rights))}};
    if (!who.user.empty())
        out["user"] = who.user;
    if (!who.everywhere())
        out["scope"] = to_json(who.scope);
    if (who.expires_ns)
        out["expires"] = rfc3339(*who.expires_ns);
    return ok(out);
}

} // namespace

std::vector<Endpoint> token_endpoints() {
    return {
        {"POST", "/api/v1/tokens", Credential::token, Right::administer, issue, small_body},
        {"GET", "/api/v1/whoami", Credential::token, Right::read, whoami},
    };
}

} // namespace ringwall::api
