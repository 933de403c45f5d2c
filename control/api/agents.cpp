// /agents: what they are, and what they are told to do.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "control/api/base64.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

json::object described(const core::Agent& agent, const model::Workload* workload) {
    auto out = to_json(agent);
    if (!workload)
        return out;
    json::object labels;
    for (const auto& [key, value] : workload->labels)
        labels[key] = value;
    out["labels"] = std::move(labels);
    out["mode"] = model::name(workload->mode);
    return out;
}

using ByName = std::map<std::string_view, const model::Workload*>;

ByName by_name(const std::vector<model::Workload>& workloads) {
    ByName out;
    for (const auto& workload : workloads)
        out.emplace(workload.name, &workload);
    return out;
}

// What an agent is without a workload (it was removed) is seen by roles that are not narrowed.
bool wanted(const model::Workload* workload, const LabelQuery& query, const Principal& who) {
    static const model::Labels none;
    const auto& labels = workload ? workload->labels : none;
    return query.matches(labels) && who.sees(labels);
}

Answer list(Context& context, Call& call) {
    call.params.allow({"labels", "presence", "limit", "after"});
    const auto page = page_query(call.params);
    const auto presence = call.params.text("presence");
    const auto given = call.params.text("labels");
    if (presence && *presence != "silent" && *presence != "late" && *presence != "online")
        call.params.fail("the parameter presence is silent, late or online");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto query = query_in("labels", given.value_or(""));
    if (!query)
        return std::unexpected(query.error());
    const auto& all = context.controller.active().workloads;
    const auto workloads = by_name(all);
    auto agents = context.controller.agents();
    std::ranges::sort(agents, {}, &core::Agent::name);
    json::array items;
    std::string next;
    std::uint64_t total = 0;
    for (const auto& agent : agents) {
        const auto found = workloads.find(agent.name);
        const auto* workload = found == workloads.end() ? nullptr : found->second;
        if (!wanted(workload, *query, call.who) ||
            (presence && *presence != fleet::name(agent.presence)))
            continue;
        ++total;
        if (agent.name <= page.after)
            continue;
        if (items.size() < page.limit)
            items.push_back(described(agent, workload));
        else if (next.empty())
            next = std::string(items.back().at("name").as_string());
    }
    auto out = page_json(std::move(items), next, total);
    if (given)
        out["warnings"] = to_json(query_warnings(*query, all));
    return ok(out);
}

// The agent, if the principal may see it.
Result<core::Agent> visible(const Context& context, const Call& call) {
    const auto& name = call.captured.front();
    auto agent = context.controller.agent(name);
    const auto labels = labels_of_workload(context, name).value_or(model::Labels{});
    if (!agent || !call.who.sees(labels))
        return not_found(fmt::format("there is no agent {}; GET /api/v1/agents lists them", name));
    return std::move(*agent);
}

Answer get(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto agent = visible(context, call);
    if (!agent)
        return std::unexpected(agent.error());
    auto out = described(*agent, context.controller.active().workload(agent->name));
    if (agent->report)
        out["report"] = to_json(*agent->report);
    return ok(out);
}

Answer revoke(Context& context, Call& call) {
    constexpr std::size_t longest_reason = 1000;
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto agent = visible(context, call);
    if (!agent)
        return std::unexpected(agent.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"reason"});
    fields.require("reason");
    const auto reason = fields.text("reason", longest_reason);
    if (!faults.empty())
        return invalid(std::move(faults));
    if (auto done = context.controller.revoke(author(context, call), agent->name, *reason); !done)
        return std::unexpected(from(done.error()));
    return http::Response{.status = 204};
}

// ---- Commands

void read_end(Fields& request, Faults& faults, v1::End& out) {
    Fields fields(*request.find("end"), "/end", faults, {"subject", "peer", "proto", "port"});
    fields.require("subject");
    out.set_subject(fields.name("subject").value_or(""));
    if (const auto text = fields.text("peer")) {
        const auto peer = Address::parse(*text);
        if (!peer)
            fields.fault("peer", "peer is an IP address");
        else
            out.set_peer(peer->is_v4() ? std::string(peer->bytes.begin() + 12, peer->bytes.end())
                                       : std::string(peer->bytes.begin(), peer->bytes.end()));
    }
    out.set_protocol(protocol_in(fields, "proto").value_or(0));
    out.set_port(static_cast<std::uint32_t>(fields.number("port", 1, 65535).value_or(0)));
}

Result<v1::Command> command_in(const json::value& body) {
    constexpr std::uint64_t day_s = 86'400;
    Faults faults;
    Fields fields(body, "", faults, {"pause", "resume", "detach", "sysdump", "end"});
    v1::Command out;
    if (const auto seconds = fields.number("pause", 1, day_s))
        out.mutable_pause()->set_seconds(static_cast<std::uint32_t>(*seconds));
    const auto is_set = [&](std::string_view key) {
        const auto value = fields.flag(key);
        if (value == false)
            fields.fault(key, fmt::format("{} is true, or is left out", key));
        return value == true;
    };
    if (is_set("resume"))
        out.mutable_resume();
    if (is_set("detach"))
        out.mutable_detach();
    if (is_set("sysdump"))
        out.mutable_sysdump();
    if (fields.find("end"))
        read_end(fields, faults, *out.mutable_end());
    if (faults.empty() && (!body.is_object() || body.get_object().size() != 1))
        faults.push_back({{}, "", "say exactly one of pause, resume, detach, sysdump and end"});
    if (!faults.empty())
        return invalid(std::move(faults));
    return out;
}

http::Response done(const v1::CommandResult& result) {
    json::object out{{"ok", result.ok()}, {"sentence", clean(result.sentence())}};
    if (!result.content().empty())
        out["content"] = base64(result.content());
    return ok(out);
}

Answer command(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto agent = visible(context, call);
    if (!agent)
        return std::unexpected(agent.error());
    auto wanted = command_in(call.body);
    if (!wanted)
        return std::unexpected(wanted.error());
    const auto reply = call.reply;
    const auto sent = context.controller.command(
        author(context, call), agent->name, std::move(*wanted),
        [reply](const v1::CommandResult& result) { reply(done(result)); });
    if (!sent)
        return std::unexpected(from(sent.error()));
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> agent_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"GET", "/api/v1/agents", token, Right::read, list},
        {"GET", "/api/v1/agents/{name}", token, Right::read, get},
        {"POST", "/api/v1/agents/{name}/revoke", token, Right::administer, revoke, small_body},
        {"POST", "/api/v1/agents/{name}/commands", token, Right::administer, command, small_body},
    };
}

} // namespace ringwall::api
