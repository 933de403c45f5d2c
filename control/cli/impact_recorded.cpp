#include "control/cli/impact_recorded.h"

#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/flows_fleet.h"
#include "control/cli/map_text.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string decided(const json::object& row, const char* side) {
    const auto path = [&](const char* name) { return std::string(side) + "." + name; };
    const auto rule = text_at(row, path("rule"));
    return fmt::format("{} at {}", rule.empty() ? text_at(row, path("reason")) : rule,
                       text_at(row, path("end")));
}

Row row_of(const json::object& row, const Painter& paint, std::int64_t now_seconds) {
    const auto* found = at(row, "edge");
    const auto& edge = found->as_object();
    const auto change = text_at(row, "change");
    const bool unsure = at(row, "unsure") && at(row, "unsure")->as_bool();
    return {paint(change == "newly-blocked" ? Color::red : Color::green, change) +
                (unsure ? " (unsure)" : ""),
            std::to_string(number_at(edge, "count")),
            end_text(edge, "source"),
            end_text(edge, "destination"),
            service_text(edge),
            decided(row, "draft"),
            decided(row, "active"),
            age(text_at(edge, "last"), now_seconds)};
}

std::string head_of(const json::object& impact) {
    const auto total = [&](const char* name) {
        return number_at(impact, std::string("totals.") + name);
    };
    return fmt::format("{} edges from {} to {}: {} connections newly blocked, {} newly allowed, {} "
                       "the same, {} judged by nobody{}\n",
                       number_at(impact, "edges"), text_at(impact, "since"),
                       text_at(impact, "until"), total("newly_blocked"), total("newly_allowed"),
                       total("same"), total("not_judged"),
                       total("unsure") ? fmt::format("; {} unsure", total("unsure")) : "");
}

} // namespace

Result<void> impact_recorded(client::Client& client, const Arguments& arguments) {
    const client::Query query{{"q", fleet_query(arguments)}, {"limit", "1000"}};
    const auto impact = ask(client, client::get(client::target({"impact", "recorded"}, query)));
    if (!impact)
        return std::unexpected(impact.error());
    show_warnings(*impact);
    if (print_document(arguments, *impact))
        return {};
    const auto paint = Painter::from(arguments);
    print(head_of(*impact));
    std::vector<Row> rows;
    for (const auto& row : impact->at("items").as_array())
        rows.push_back(row_of(row.as_object(), paint, std::time(nullptr)));
    if (!rows.empty())
        print(table_of({"CHANGE", "CONNECTIONS", "SOURCE", "DESTINATION", "SERVICE", "DRAFT",
                        "ACTIVE", "LAST"},
                       std::move(rows), paint));
    if (at(*impact, "next"))
        print(fmt::format("the first 1000 of {}; a narrower QUERY shows others\n",
                          number_at(*impact, "total")));
    return {};
}

} // namespace ringwall::cli
