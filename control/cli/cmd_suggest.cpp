// Labels from what listens.
#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Row row_of(const json::value& item) {
    std::vector<std::string> evidence;
    for (const auto& sentence : item.at("evidence").as_array())
        evidence.push_back(text_of(&sentence));
    return {text_at(item, "workload"),
            text_at(item, "kind"),
            labels_text(at(item, "labels")),
            labels_text(at(item, "suggested")),
            fmt::format("{:.2f}", item.at("score").to_number<double>()),
            fmt::format("{}", fmt::join(evidence, "; "))};
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const auto answer = ask(*client, client::get(client::target({"suggestions"})));
    if (!answer)
        return std::unexpected(answer.error());
    if (print_document(arguments, *answer))
        return {};
    std::vector<Row> rows;
    for (const auto& item : answer->at("items").as_array())
        rows.push_back(row_of(item));
    if (rows.empty())
        print(fmt::format("nothing to suggest for {} workloads whose agents have reported\n",
                          number_at(*answer, "considered")));
    else
        print(table_of({"WORKLOAD", "KIND", "LABELS", "SUGGESTED", "SCORE", "EVIDENCE"},
                       std::move(rows), Painter::from(arguments)));
    if (const auto hidden = number_at(*answer, "hidden"); hidden > 0)
        print(fmt::format("{} more, of lower scores\n", hidden));
    return {};
}

} // namespace

const Command suggest_command{
    "suggest",
    "Labels that workloads probably should have",
    "Workloads without a role or an app, and those that are not like others with their labels, by\n"
    "the programs that listen on them: SUGGESTED is what to set or to change. Nothing is changed;\n"
    "'ringwall label' does.\n\n"
    "  ringwall suggest\n"
    "  ringwall label db-7 role=Database app=Payments",
    "",
    {},
    run,
    Peer::controller};

} // namespace ringwall::cli
