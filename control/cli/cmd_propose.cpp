// Policy from traffic.
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/controller.h"
#include "control/cli/flows_fleet.h"
#include "control/cli/map_text.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string coverage_text(const json::object& proposal) {
    const auto part = [&](const char* name) {
        return number_at(proposal, std::string("coverage.") + name);
    };
    const auto all = part("connections");
    const auto percent = [&](std::int64_t some) { return all == 0 ? 0 : some * 100 / all; };
    return fmt::format(
        "{} connections from {} to {}: {} % allowed already, {} % by these rules, {} "
        "% uncovered\n",
        all, text_at(proposal, "since"), text_at(proposal, "until"),
        percent(part("allowed_already")), percent(part("proposed")), percent(part("uncovered")));
}

std::string rules_text(const json::object& proposal, const Painter& paint, std::int64_t now) {
    std::vector<Row> rows;
    for (const auto& rule : proposal.at("rules").as_array()) {
        std::vector<std::string> risks;
        for (const auto& risk : rule.at("risks").as_array())
            risks.push_back(text_of(&risk));
        rows.push_back({text_at(rule, "rule"), std::to_string(number_at(rule, "connections")),
                        age(text_at(rule, "first_seen"), now), age(text_at(rule, "last"), now),
                        paint(Color::yellow, fmt::format("{}", fmt::join(risks, "; ")))});
    }
    if (rows.empty())
        return "nothing to propose\n";
    return table_of({"RULE", "CONNECTIONS", "FIRST SEEN", "LAST", "TO THINK ABOUT"},
                    std::move(rows), paint);
}

std::string uncovered_text(const json::object& proposal, const Painter& paint) {
    std::vector<Row> rows;
    for (const auto& each : proposal.at("uncovered").as_array()) {
        const auto* edge = at(each, "edge");
        if (edge && edge->is_object())
            rows.push_back({std::to_string(number_at(*edge, "count")),
                            end_text(edge->get_object(), "source"),
                            end_text(edge->get_object(), "destination"),
                            service_text(edge->get_object()), text_at(each, "why")});
    }
    if (rows.empty())
        return {};
    return "\n" + table_of({"CONNECTIONS", "SOURCE", "DESTINATION", "SERVICE", "UNCOVERED BECAUSE"},
                           std::move(rows), paint);
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    client::Query query{{"q", fleet_query(arguments)},
                        {"merge", arguments.has("--merge") ? "true" : "false"}};
    if (arguments.has("--level"))
        query.emplace_back("level", arguments.get("--level"));
    const auto proposal = ask(*client, client::get(client::target({"proposal"}, query)));
    if (!proposal)
        return std::unexpected(proposal.error());
    show_warnings(*proposal);
    if (format_of(arguments) == Format::yaml) {
        fmt::print(stderr, "{}", coverage_text(*proposal));
        print(text_at(*proposal, "yaml"));
    } else if (!print_document(arguments, *proposal)) {
        const auto paint = Painter::from(arguments);
        print(coverage_text(*proposal));
        print(rules_text(*proposal, paint, std::time(nullptr)));
        print(uncovered_text(*proposal, paint));
    }
    return {};
}

constexpr std::array flags{
    Flag{"--since", "DURATION", "from the last 24h (default), 7d, 4w ..."},
    Flag{"--level", "LEVEL", "process (default), service, role or app: how much a rule repeats"},
    Flag{"--merge", "", "rules that differ in their source only become one"}};

} // namespace

const Command propose_command{
    "propose",
    "Rules that would allow what was recorded",
    "One rule for each source role, destination role, service and process. QUERY (a filter of\n"
    "docs/flow-query.md) says which connections are wanted: leave the others out with 'not'. What a\n"
    "deny in force forbids is never proposed. -o yaml prints rule sets with the evidence as comments,\n"
    "for 'ringwall apply -f -' or a file of your repository; nothing is in force by that.\n\n"
    "  ringwall propose 'app=Payments' --since 7d\n"
    "  ringwall propose 'to.app=Payments not (port=80 from.loc=Germany)' -o yaml > payments.yaml\n"
    "  ringwall apply -f payments.yaml && ringwall impact --recorded --since 7d",
    "[QUERY...]",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
