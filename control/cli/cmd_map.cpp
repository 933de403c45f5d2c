// The application map, and its busiest edges.
#include <array>
#include <chrono>
#include <ctime>
#include <thread>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/flows_fleet.h"
#include "control/cli/map_text.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds between_looks{2};
constexpr std::array<std::string_view, 2> pictures{"dot", "svg"};

void add(client::Query& query, const Arguments& arguments, const char* option, const char* key) {
    if (arguments.has(option))
        query.emplace_back(key, arguments.get(option));
}

Result<void> run_map(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    client::Query query{{"q", fleet_query(arguments)}};
    add(query, arguments, "--group", "group_by");
    if (arguments.has("--draft") && arguments.has("--staged"))
        return std::unexpected(
            Error{Exit::usage, "--draft and --staged are two different maps; give one"});
    for (const std::string view : {"draft", "staged"})
        if (arguments.has("--" + view))
            query.emplace_back("view", view);
    add(query, arguments, "--nodes", "nodes");
    add(query, arguments, "--edges", "edges");
    const auto map = ask(*client, client::get(client::target({"map"}, query)));
    if (!map)
        return std::unexpected(map.error());
    show_warnings(*map);
    const auto format = arguments.get("--output", "table");
    if (format == "dot")
        print(map_dot(*map));
    else if (format == "svg")
        print(map_svg(*map));
    else if (!print_document(arguments, *map))
        print(map_table(*map, Painter::from(arguments), std::time(nullptr)));
    return {};
}

// ---- top

std::string deciding_rule(const json::object& edge) {
    for (const char* end : {"destination", "source"})
        if (text_at(edge, std::string(end) + "_verdict") == text_at(edge, "verdict")) {
            const auto* rules = at(edge, std::string(end) + "_rules");
            return rules && rules->is_array() && !rules->get_array().empty()
                       ? text_of(rules->get_array().data())
                       : text_at(edge, std::string(end) + "_reason");
        }
    return {};
}

Row row_of(const json::object& edge, const Painter& paint, std::int64_t now_seconds) {
    return {std::to_string(number_at(edge, "count")),
            bytes_text(static_cast<std::uint64_t>(number_at(edge, "bytes.to_destination") +
                                                  number_at(edge, "bytes.to_source"))),
            paint.verdict(text_at(edge, "verdict")),
            service_text(edge),
            end_text(edge, "source"),
            end_text(edge, "destination"),
            deciding_rule(edge),
            age(text_at(edge, "last"), now_seconds)};
}

void show(const Arguments& arguments, const json::object& answer) {
    show_warnings(answer);
    if (print_document(arguments, answer))
        return;
    const auto paint = Painter::from(arguments);
    const auto now = std::time(nullptr);
    std::vector<Row> rows;
    for (const auto& edge : answer.at("items").as_array())
        rows.push_back(row_of(edge.as_object(), paint, now));
    const auto shown = rows.size();
    print(table_of(
        {"CONNECTIONS", "BYTES", "VERDICT", "SERVICE", "SOURCE", "DESTINATION", "RULE", "LAST"},
        std::move(rows), paint));
    if (const auto total = number_at(answer, "total"); total > static_cast<std::int64_t>(shown))
        print(fmt::format("{} of {}; more with --last N\n", shown, total));
}

Result<void> run_top(const Arguments& arguments) {
    const auto most = last_of(arguments, 20);
    if (!most)
        return std::unexpected(most.error());
    if (*most > 1000)
        return std::unexpected(Error{Exit::usage, "--last takes a number from 1 to 1000"});
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    client::Query query{{"q", fleet_query(arguments, "15m")}, {"limit", std::to_string(*most)}};
    add(query, arguments, "--by", "sort");
    for (bool again = true; again; again = arguments.has("--watch")) {
        const auto answer = ask(*client, client::get(client::target({"edges"}, query)));
        if (!answer)
            return std::unexpected(answer.error());
        if (arguments.has("--watch") && !arguments.json())
            print("\033[H\033[2J");
        show(arguments, *answer);
        if (arguments.has("--watch"))
            std::this_thread::sleep_for(between_looks);
    }
    return {};
}

constexpr std::array map_flags{
    Flag{"--since", "DURATION", "of the last 15m, 24h (default), 7d ..."},
    Flag{"--group", "KEYS", "labels that make a node, joined by commas (default app,env)"},
    Flag{"--draft", "", "verdicts of the draft instead of those that were reported"},
    Flag{"--staged", "", "what the hosts saw of the staged draft, since it was staged"},
    Flag{"--nodes", "N", "at most so many (300)"},
    Flag{"--edges", "N", "at most so many (2000)"}};
constexpr std::array top_flags{
    Flag{"--since", "DURATION", "of the last 90s, 15m (default), 24h ..."},
    Flag{
        "--by", "NUMBER",
        "count (default), bytes, packets, retransmits, refused, timed-out, reset, rtt, peers or last"},
    Flag{"--last", "N", "so many rows (20)"},
    Flag{"-w,--watch", "", "show it again every two seconds"}};

} // namespace

const Command map_command{
    "map",
    "Who talks to whom: the application map",
    "Flows of the whole fleet, both ends matched, grouped by labels. QUERY is a filter\n"
    "(docs/flow-query.md) without address and workload, which only single flows have.\n"
    "-o dot is for Graphviz, -o svg a picture; verdicts differ by colour and by style of line.\n\n"
    "  ringwall map\n"
    "  ringwall map 'app=Payments' --group app,env,role --since 7d\n"
    "  ringwall map 'verdict=blocked,would-block' -o svg > map.svg",
    "[QUERY...]",
    map_flags,
    run_map,
    Peer::controller,
    pictures};

const Command top_command{
    "top",
    "The busiest edges of the map, with both processes",
    "Each row is one kind of connection: labels and process of both ends, service, verdict, and the\n"
    "rule that decided.\n\n"
    "  ringwall top -w\n"
    "  ringwall top 'to.app=Payments' --by bytes --since 24h\n"
    "  ringwall top 'verdict=blocked from.list=office new-since=24h' --since 7d",
    "[QUERY...]",
    top_flags,
    run_top,
    Peer::controller};

} // namespace ringwall::cli
