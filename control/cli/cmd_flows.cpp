#include <array>
#include <ctime>
#include <unordered_set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/client.h"
#include "control/cli/flows_fleet.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::array flags{
    Flag{"-f,--follow", "", "keep printing new flows"},
    Flag{"--fleet", "", "of the whole fleet, from the controller; so it is where a QUERY is given"},
    Flag{"--last", "N", "only the newest N (with -f: how many old ones first)"},
    Flag{"--since", "DURATION", "only the last 90s, 10m, 2h ..."},
    Flag{"--all", "", "with -f: every record of a flow, not each flow once"},
    Flag{"--label", "KEY=VALUE", "one end carries all of these labels", true},
    Flag{"--from-label", "KEY=VALUE", "the source carries it", true},
    Flag{"--to-label", "KEY=VALUE", "the destination carries it", true},
    Flag{"--workload", "NAME", "one end is this workload", true},
    Flag{"--address", "ADDRESS", "one end has this address", true},
    Flag{"--cidr", "CIDR", "one end is inside", true},
    Flag{"--port", "PORT", "of the service", true},
    Flag{"--protocol", "NAME", "tcp, udp, icmp ... or a number", true},
    Flag{"--process", "NAME", "unit, container, program path or name at this host", true},
    Flag{"--user", "NAME", "user name or number at this host", true},
    Flag{"--verdict", "VERDICT", "allowed, would-block, unmatched or blocked", true},
    Flag{"--direction", "DIRECTION", "outbound or inbound, seen from here", true},
    Flag{"--rule", "RULESET/RULE", "decided by this rule", true}};

void copy(const Arguments& arguments, std::string_view flag, const char* field, json::object& out) {
    for (const auto& value : arguments.all(flag)) {
        auto& slot = out[field];
        if (!slot.is_array())
            slot = json::array{};
        slot.get_array().push_back(json::string(value));
    }
}

Result<json::object> filter_of(const Arguments& arguments) {
    json::object filter;
    constexpr std::array<std::pair<std::string_view, const char*>, 13> fields{
        {{"--label", "label"},
         {"--from-label", "from_label"},
         {"--to-label", "to_label"},
         {"--workload", "workload"},
         {"--address", "address"},
         {"--cidr", "address"},
         {"--port", "port"},
         {"--protocol", "protocol"},
         {"--process", "process"},
         {"--user", "user"},
         {"--verdict", "verdict"},
         {"--direction", "direction"},
         {"--rule", "rule"}}};
    for (const auto& [flag, field] : fields)
        copy(arguments, flag, field, filter);
    if (arguments.has("--since")) {
        auto seconds = parse_duration(arguments.get("--since"));
        if (!seconds)
            return std::unexpected(seconds.error());
        filter["since"] = std::time(nullptr) - std::time_t(*seconds);
    }
    if (arguments.has("--follow") && !arguments.has("--all") && !arguments.json())
        filter["kind"] = json::array{"start", "end", "deny"};
    return filter;
}

Result<json::object> request_of(const Arguments& arguments) {
    auto filter = filter_of(arguments);
    if (!filter)
        return filter;
    json::object request{{"do", "flows"}, {"filter", std::move(*filter)}};
    request["follow"] = arguments.has("--follow");
    if (arguments.has("--last")) {
        const auto last = last_of(arguments, 0);
        if (!last)
            return std::unexpected(last.error());
        request["last"] = *last;
    }
    return request;
}

Result<void> as_json(Client& client, const json::object& request, bool lines) {
    bool first = true;
    auto done = client.stream(request, [&](const json::object& item) {
        const auto* flow = item.if_contains("flow");
        if (!lines)
            print(first ? "[" : ",\n");
        first = false;
        print_json(flow ? *flow : json::value(item));
        return true;
    });
    if (!lines)
        print(first ? "[]\n" : "]\n");
    return done;
}

// A short connection is one record, its end; a longer one has a start too. Each is shown once.
class Once {
  public:
    bool is_new(const json::object& flow) {
        const std::string id = text_at(flow, "id");
        if (text_at(flow, "kind") == "end")
            return shown_.erase(id) == 0;
        if (text_at(flow, "kind") == "start")
            shown_.insert(id);
        return true;
    }

  private:
    std::unordered_set<std::string> shown_; // of flows that have not ended
};

Result<void> as_table(Client& client, const json::object& request, const Painter& paint,
                      bool each_once) {
    Once once;
    print(flow_header(paint));
    return client.stream(request, [&](const json::object& item) {
        const auto* flow = item.if_contains("flow");
        if (flow && flow->is_object() && (!each_once || once.is_new(flow->get_object())))
            print(flow_line(flow->get_object(), paint));
        else if (item.contains("lost"))
            fmt::print(stderr, "ringwall: lost: {} events in the kernel, {} lines to this reader\n",
                       number_at(item, "lost.kernel"), number_at(item, "lost.reader"));
        return true;
    });
}

Result<void> run(const Arguments& arguments) {
    if (!arguments.operands.empty() || arguments.has("--fleet"))
        return flows_from_controller(arguments);
    auto request = request_of(arguments);
    if (!request)
        return std::unexpected(request.error());
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    const bool lines = arguments.get("--output") == "jsonl" || arguments.has("--follow");
    return arguments.json() ? as_json(*client, *request, lines)
                            : as_table(*client, *request, Painter::from(arguments),
                                       arguments.has("--follow") && !arguments.has("--all"));
}

} // namespace

const Command flows_command{
    "flows",
    "Connections with labels, process, verdict and rule",
    "Of this host: the flows that the agent keeps, oldest first, or with -f the new ones. Values of\n"
    "one option are alternatives, options narrow each other. The id of a flow is what 'ringwall why\n"
    "--flow' takes. With a QUERY (docs/flow-query.md): those of the whole fleet that the controller\n"
    "keeps, the newest 100 or --last N.\n\n"
    "  ringwall flows -f --verdict blocked --verdict would-block\n"
    "  ringwall flows --to-label role=\"App Server\" --port 8080 --since 10m\n"
    "  ringwall flows -o jsonl --process named.service | jq .source.address\n"
    "  ringwall flows 'from.role=Web not to.role=App verdict=blocked,would-block since=24h'",
    "[QUERY...]",
    flags,
    run,
    Peer::both};

} // namespace ringwall::cli
