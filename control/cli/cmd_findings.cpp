// Rules that traffic says something of.
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/flows_fleet.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

// A row for each finding; with `all` also the rules without one.
std::vector<Row> rows_of(const json::object& answer, bool all, std::int64_t now) {
    std::vector<Row> out;
    for (const auto& rule : answer.at("rules").as_array()) {
        const auto& findings = rule.at("findings").as_array();
        const auto row = [&](const std::string& finding) {
            out.push_back({text_at(rule, "rule"), text_at(rule, "action"),
                           std::to_string(number_at(rule, "hits")), age(text_at(rule, "last"), now),
                           finding});
        };
        for (const auto& finding : findings)
            row(text_of(&finding));
        if (findings.empty() && all)
            row("");
    }
    return out;
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const auto answer =
        ask(*client, client::get(client::target({"findings"}, {{"q", fleet_query(arguments)}})));
    if (!answer)
        return std::unexpected(answer.error());
    show_warnings(*answer);
    if (print_document(arguments, *answer))
        return {};
    auto rows = rows_of(*answer, arguments.has("--all"), std::time(nullptr));
    print(fmt::format("Traffic from {} to {}\n", text_at(*answer, "since"),
                      text_at(*answer, "until")));
    print(rows.empty() ? "every rule is used and as tight as its traffic\n"
                       : table_of({"RULE", "ACTION", "HITS", "LAST", "FINDING"}, std::move(rows),
                                  Painter::from(arguments)));
    for (const auto& sentence : answer->at("policy").as_array())
        print(text_of(&sentence) + "\n");
    return {};
}

constexpr std::array flags{Flag{"--since", "DURATION", "of the last 30d (default), 7d, 26w ..."},
                           Flag{"--all", "", "also rules without a finding, with their hits"}};

} // namespace

const Command findings_command{
    "findings",
    "Rules that are not used, or allow more than is needed",
    "How often each rule in force decided, by recorded connections; allows that nobody used, or\n"
    "that name more ports, sources or destinations than were seen, or no process where one serves;\n"
    "and what 'ringwall policy check' says: shadowed rules, selectors that mean nobody ...\n\n"
    "  ringwall findings --since 26w\n"
    "  ringwall findings --all -o json",
    "[QUERY...]",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
