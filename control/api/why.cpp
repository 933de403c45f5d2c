// /why
#include <fmt/format.h>

#include "control/api/endpoint.h"
#include "control/api/judging.h"
#include "control/api/render.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

agent::ProcessFacts facts_in(Fields& request, std::string_view key, Faults& faults) {
    constexpr std::size_t longest_path = 4096;
    const json::value* given = request.find(key);
    if (!given)
        return {};
    Fields fields(*given, request.pointer(key), faults,
                  {"path", "unit", "container", "user", "group", "sha256"});
    const auto part = [&](std::string_view name) {
        return fields.text(name, longest_path).value_or("");
    };
    return {part("path"), part("unit"),  part("container"),
            part("user"), part("group"), part("sha256")};
}

bool is_icmp(std::optional<std::uint8_t> protocol) {
    return protocol == 1 || protocol == 58;
}

// Of the service: a port, or type << 8 | code.
std::optional<std::uint16_t> port_in(Fields& request, std::optional<std::uint8_t> protocol,
                                     Faults& faults) {
    const auto port = request.number("port", 1, 65535);
    const json::value* icmp = request.find("icmp");
    if (port && is_icmp(protocol))
        request.fault("port", "ICMP has no ports; write \"icmp\": {\"type\": 8}");
    if (icmp && !is_icmp(protocol))
        request.fault("icmp", "only icmp and icmpv6 have types");
    if (!icmp)
        return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
    Fields fields(*icmp, request.pointer("icmp"), faults, {"type", "code"});
    fields.require("type");
    const auto type = fields.number("type", 0, 255).value_or(0);
    const auto code = fields.number("code", 0, 255).value_or(0);
    return static_cast<std::uint16_t>(type << 8 | code);
}

Result<WhyQuestion> question_in(const json::value& body) {
    Faults faults;
    Fields fields(body, "", faults,
                  {"from", "to", "proto", "port", "icmp", "from_process", "process", "draft"});
    for (const char* needed : {"from", "to", "proto"})
        fields.require(needed);
    WhyQuestion out;
    out.from = fields.text("from").value_or("");
    out.to = fields.text("to").value_or("");
    const auto protocol = protocol_in(fields, "proto");
    out.protocol = protocol.value_or(0);
    out.port = port_in(fields, protocol, faults);
    out.from_process = facts_in(fields, "from_process", faults);
    out.process = facts_in(fields, "process", faults);
    out.draft = fields.flag("draft").value_or(false);
    if (!faults.empty())
        return invalid(std::move(faults));
    return out;
}

Answer ask(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto question = question_in(call.body);
    if (!question)
        return std::unexpected(question.error());
    const auto answer = why(context.controller, *question, call.who.scope);
    if (!answer)
        return std::unexpected(answer.error());
    json::array ends;
    for (const auto& end : answer->ends)
        ends.push_back(agent::to_json(end));
    return ok({{"verdict", answer->verdict},
               {"sentence", clean(answer->sentence)},
               {"ends", std::move(ends)}});
}

} // namespace

std::vector<Endpoint> why_endpoints() {
    return {{"POST", "/api/v1/why", Credential::token, Right::read, ask, small_body}};
}

} // namespace ringwall::api
