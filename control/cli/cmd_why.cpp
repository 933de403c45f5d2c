#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "agent/why.h"
#include "common/protocol.h"
#include "control/cli/client.h"
#include "control/cli/policy_files.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"
#include "control/cli/why_fleet.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::array flags{
    Flag{"--flow", "ID", "a recorded flow: the id from 'ringwall flows'"},
    Flag{"--from", "WHO", "workload name or address"},
    Flag{"--to", "WHO", "workload name or address"},
    Flag{"--proto", "NAME", "tcp (default), udp, icmp ... or a number"},
    Flag{"--port", "PORT", "of the service; ICMP: TYPE or TYPE/CODE"},
    Flag{"--process", "PROCESS", "of the destination: /path, unit.service, or key=value as below"},
    Flag{"--source-process", "PROCESS", "of the source, the same forms"},
    Flag{"--policy", "PATH", "judge by these files, both ends, without an agent"},
    Flag{"--draft", "", "with FROM TO: judge by the controller's draft"}};

bool read_number(std::string_view text, unsigned most, unsigned& out) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && stop == text.data() + text.size() && out <= most;
}

Result<agent::WhyQuery> query_of(const Arguments& arguments) {
    agent::WhyQuery query;
    query.from = arguments.get("--from");
    query.to = arguments.get("--to");
    if (query.from.empty() || query.to.empty())
        return std::unexpected(
            Error{Exit::usage, "give FROM TO PORT/PROTO, --from and --to, or --flow ID"});
    if (!parse_protocol(arguments.get("--proto", "tcp"), query.protocol))
        return std::unexpected(Error{Exit::usage, "--proto takes tcp, udp, icmp ... or a number"});
    const auto port = arguments.get("--port");
    query.any_port = port.empty();
    const auto slash = port.find('/');
    const bool icmp = query.protocol == 1 || query.protocol == 58;
    unsigned first = 0, second = 0;
    const bool good =
        port.empty() ||
        (read_number(port.substr(0, slash), icmp ? 255 : 65535, first) &&
         (slash == port.npos || (icmp && read_number(port.substr(slash + 1), 255, second))));
    if (!good)
        return std::unexpected(
            Error{Exit::usage, "--port takes a port, for ICMP TYPE or TYPE/CODE"});
    query.port = static_cast<std::uint16_t>(icmp ? first << 8 | second : first);
    return query;
}

// One end, judged by what the agent of that workload would enforce; nothing when it has none.
Result<void> judge_end(const model::Policy& policy, bool inbound, const agent::WhyQuery& query,
                       const Arguments& arguments, json::array& ends) {
    const auto* workload = find_workload(policy, inbound ? query.to : query.from);
    if (!workload || !workload->managed)
        return {};
    auto process = parse_process(arguments.get(inbound ? "--process" : "--source-process"));
    if (!process)
        return std::unexpected(process.error());
    auto snapshot = compile_for(policy, workload->name);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    const auto& other = inbound ? query.from : query.to;
    const auto* peer = find_workload(policy, other);
    auto address = peer && !peer->addresses.empty() ? peer->addresses.front()
                                                    : Address::parse(other).value_or(Address{});
    if (!peer && !Address::parse(other))
        return std::unexpected(
            Error{Exit::not_found, fmt::format("'{}' is neither an address nor a "
                                               "workload of this policy",
                                               other)});
    if (auto exact = Address::parse(other))
        address = *exact;
    if (const auto* subject = agent::subject_of(*snapshot, workload->name))
        ends.push_back(
            to_json(agent::judge(*snapshot, *subject, inbound,
                                 {address, query.protocol, query.port, query.any_port}, *process)));
    return {};
}

Result<json::object> offline(const Arguments& arguments) {
    auto query = query_of(arguments);
    if (!query)
        return std::unexpected(query.error());
    auto policy = load_policy(arguments.get("--policy"));
    if (!policy)
        return std::unexpected(policy.error());
    json::array ends;
    for (const bool inbound : {false, true})
        if (auto judged = judge_end(*policy, inbound, *query, arguments, ends); !judged)
            return std::unexpected(judged.error());
    if (ends.empty())
        return std::unexpected(
            Error{Exit::not_found,
                  fmt::format("neither '{}' nor '{}' is a workload with an agent in this "
                              "policy: nobody enforces this flow",
                              query->from, query->to)});
    return json::object{{"ends", std::move(ends)}};
}

Result<json::object> request_of(const Arguments& arguments) {
    if (arguments.has("--flow"))
        return json::object{{"do", "why"}, {"flow", arguments.get("--flow")}};
    auto query = query_of(arguments);
    if (!query)
        return std::unexpected(query.error());
    const bool destination = arguments.has("--process");
    auto process = parse_process(arguments.get(destination ? "--process" : "--source-process"));
    if (!process)
        return std::unexpected(process.error());
    json::object request{{"do", "why"},
                         {"from", query->from},
                         {"to", query->to},
                         {"protocol", std::to_string(query->protocol)}};
    if (!query->any_port)
        request["port"] = query->port;
    const std::array<std::pair<const char*, std::string>, 6> parts{
        {{"path", process->path},
         {"unit", process->unit},
         {"container", process->container},
         {"user", process->user},
         {"group", process->group},
         {"sha256", process->sha256}}};
    for (const auto& [name, value] : parts)
        if (!value.empty())
            request[name] = value;
    return request;
}

Result<json::object> from_agent(const Arguments& arguments) {
    auto request = request_of(arguments);
    if (!request)
        return request;
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer = client->ask(*request);
    if (!answer)
        return answer;
    const auto* why = answer->if_contains("why");
    return why && why->is_object() ? why->get_object() : json::object{};
}

// FROM TO [PORT/PROTO] as if they were given by name.
Result<Arguments> with_operands(Arguments arguments) {
    const auto& words = arguments.operands;
    if (words.size() == 1)
        return std::unexpected(
            Error{Exit::usage, "give both ends: 'ringwall why web-uk-1 app-uk-1 8080/tcp'"});
    const auto slash = words.size() > 2 ? words[2].rfind('/') : std::string::npos;
    const bool digits =
        words.size() > 2 && words[2].find_first_not_of("0123456789") == std::string::npos;
    if (slash != std::string::npos) {
        arguments.put("--port", {words[2].substr(0, slash)});
        arguments.put("--proto", {words[2].substr(slash + 1)});
    } else if (words.size() > 2) {
        arguments.put(digits ? "--port" : "--proto", {words[2]});
    }
    arguments.put("--from", {words[0]});
    arguments.put("--to", {words[1]});
    return arguments;
}

// Words alone ask the controller, which knows both ends; options ask this host's agent.
Result<json::object> answer_to(const Arguments& given) {
    if (given.operands.empty())
        return given.has("--policy") ? offline(given) : from_agent(given);
    auto arguments = with_operands(given);
    if (!arguments)
        return std::unexpected(arguments.error());
    if (arguments->has("--policy"))
        return offline(*arguments);
    auto query = query_of(*arguments);
    if (!query)
        return std::unexpected(query.error());
    return why_from_controller(*arguments, *query);
}

Result<void> run(const Arguments& arguments) {
    auto why = answer_to(arguments);
    if (!why)
        return std::unexpected(why.error());
    if (arguments.json())
        print_json(*why);
    else
        print(why_text(*why, Painter::from(arguments)));
    return {};
}

} // namespace

const Command why_command{
    "why",
    "Which rule decides a flow, or why none does",
    "FROM TO PORT/PROTO asks the controller, which judges both ends by the policy in force (or by\n"
    "the --draft). --from and --to ask this host's agent about its own end, --policy judges by\n"
    "files. Rules that name the peer and fail on one thing are listed with that thing.\n\n"
    "  ringwall why web-uk-1 app-uk-1 8080/tcp --process tomcat10.service\n"
    "  ringwall why web-uk-1 10.0.9.9 53/udp --draft\n"
    "  ringwall why --flow 5b1f0c2a9d3e4f60\n"
    "  ringwall why --policy policy/ web-uk-1 app-uk-1 8080/tcp",
    "[FROM] [TO] [PORT/PROTO]",
    flags,
    run,
    Peer::both};

} // namespace ringwall::cli
