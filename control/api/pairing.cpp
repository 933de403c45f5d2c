// /pairing-profiles/{name}/line, /pair and /renew.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/api/endpoint.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_csr = 16384;
constexpr std::size_t most_addresses = 256;

Answer line(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"host"});
    const auto host = fields.text("host").value_or("");
    if (!faults.empty())
        return invalid(std::move(faults));
    const store::ObjectId id{"pairing_profile", call.captured.front()};
    const auto profile = context.controller.store().object(id);
    if (!profile)
        return std::unexpected(from(profile.error()));
    // Whoever may write the profile may hand out lines of it.
    const store::Edit same{id, json::parse(profile->body), {}};
    if (auto permitted = may_write(context, call.who, same); !permitted)
        return std::unexpected(permitted.error());
    const auto text = context.controller.pairing_line(author(context, call), id.name, host);
    if (!text)
        return std::unexpected(from(text.error()));
    return ok({{"line", *text}});
}

json::object to_json(const core::PairAnswer& paired) {
    return {{"agent", paired.agent},
            {"certificate", paired.certificate},
            {"trust", paired.trust},
            {"bundle", paired.bundle},
            {"signing_keys", paired.signing_keys},
            {"endpoints", json::array(paired.endpoints.begin(), paired.endpoints.end())}};
}

std::vector<Address> addresses_in(Fields& fields) {
    std::vector<Address> out;
    fields.require("addresses");
    const auto words = fields.texts("addresses");
    if (words && (words->empty() || words->size() > most_addresses))
        fields.fault("addresses", fmt::format("name 1 to {} addresses", most_addresses));
    for (std::size_t i = 0; words && i < words->size(); ++i)
        if (const auto address = Address::parse((*words)[i]))
            out.push_back(*address);
        else
            fields.fault("addresses", fmt::format("{} is no IP address", in_quotes((*words)[i])));
    return out;
}

Result<pki::Redemption> redemption_in(const json::value& body) {
    Faults faults;
    Fields fields(body, "", faults,
                  {"token", "csr", "hostname", "machine_id", "addresses", "name", "labels", "mode",
                   "replace"});
    for (const char* needed : {"token", "csr", "hostname", "machine_id"})
        fields.require(needed);
    pki::Redemption out;
    out.token = fields.text("token").value_or("");
    out.request = fields.text("csr", longest_csr).value_or("");
    out.facts = {fields.text("hostname").value_or(""), fields.text("machine_id").value_or(""),
                 addresses_in(fields)};
    out.name = fields.name("name").value_or("");
    out.labels = fields.labels("labels").value_or(model::Labels{});
    out.mode = fields.mode("mode");
    out.replace = fields.flag("replace").value_or(false);
    if (!faults.empty())
        return invalid(std::move(faults));
    return out;
}

Answer pair(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    auto redemption = redemption_in(call.body);
    if (!redemption)
        return std::unexpected(redemption.error());
    const auto paired = context.controller.pair({std::move(*redemption), call.request.peer});
    if (!paired)
        return std::unexpected(from(paired.error()));
    return ok(to_json(*paired));
}

Answer renew(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (call.request.agent.empty())
        return std::unexpected(
            Problem{401, "unauthenticated", "show the agent's client certificate to renew it"});
    Faults faults;
    Fields fields(call.body, "", faults, {"csr"});
    fields.require("csr");
    const auto csr = fields.text("csr", longest_csr);
    if (!faults.empty())
        return invalid(std::move(faults));
    const auto renewed = context.controller.renew(call.request.agent, *csr, call.request.peer);
    if (!renewed)
        return std::unexpected(from(renewed.error()));
    return ok(to_json(*renewed));
}

} // namespace

std::vector<Endpoint> pairing_endpoints() {
    return {
        {"POST", "/api/v1/pairing-profiles/{name}/line", Credential::token, Right::administer, line,
         small_body},
        {"POST", "/api/v1/pair", Credential::none, Right::read, pair, small_body},
        {"POST", "/api/v1/renew", Credential::none, Right::read, renew, small_body},
    };
}

} // namespace ringwall::api
