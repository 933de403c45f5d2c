// How much of what listens can be reached.
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string part(std::int64_t some, std::int64_t all) {
    if (all == 0)
        return "0";
    return fmt::format("{} ({:.1f} %)", some,
                       100.0 * static_cast<double>(some) / static_cast<double>(all));
}

template <typename Json>
Row row_of(std::string app, const Json& numbers) {
    const auto number = [&](const char* key) { return number_at(numbers, key); };
    return {std::move(app),
            std::to_string(number("workloads")),
            std::to_string(number("ports")),
            std::to_string(number("open")),
            part(number("now"), number("open")),
            part(number("enforced"), number("open"))};
}

std::string exposure_text(const json::object& answer, const Painter& paint) {
    std::vector<Row> rows;
    for (const auto& item : answer.at("items").as_array()) {
        const auto app = text_at(item, "app");
        rows.push_back(row_of(app.empty() ? "(none)" : app, item));
    }
    if (rows.empty())
        return "no agent has reported what listens\n";
    rows.push_back(row_of("all", answer.at("total").as_object()));
    return table_of({"APP", "WORKLOADS", "PORTS", "OPEN", "NOW", "ENFORCED"}, std::move(rows),
                    paint);
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    client::Query query;
    if (arguments.has("--version"))
        query.emplace_back("version", arguments.get("--version"));
    const auto answer = ask(*client, client::get(client::target({"exposure"}, query)));
    if (!answer)
        return std::unexpected(answer.error());
    if (print_document(arguments, *answer))
        return {};
    print(exposure_text(*answer, Painter::from(arguments)));
    if (const auto unknown = number_at(*answer, "unknown"); unknown > 0)
        print(fmt::format("not counted: {} workloads whose agents have not reported\n", unknown));
    return {};
}

constexpr std::array flags{Flag{"--version", "VERSION", "active (default), draft, or a number"}};

} // namespace

const Command exposure_command{
    "exposure",
    "How much of what listens can be reached",
    "Pairs of a workload and a listening port of another one, by the application that listens:\n"
    "OPEN without any policy, NOW with the one in force and the modes as they are, ENFORCED as if\n"
    "every workload were in full. A pair counts when some process may connect.\n\n"
    "  ringwall exposure\n"
    "  ringwall exposure --version draft -o json",
    "",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
