// What the staged draft would change.
#include <array>
#include <chrono>
#include <ctime>
#include <thread>

#include <boost/json/array.hpp>

#include "control/cli/controller.h"
#include "control/cli/impact_recorded.h"
#include "control/cli/impact_text.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"
#include "control/client/paging.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds between_looks{2};

Error explained(const client::Error& error) {
    if (!error.problem || error.problem->status != 404)
        return error_of(error);
    return {Exit::not_found,
            "nothing is staged, so agents judge nothing by a draft; 'ringwall stage' stages it, "
            "'ringwall diff' shows what is pending, 'ringwall why FROM TO PORT/PROTO --draft' "
            "judges one flow by the draft"};
}

client::Query query_of(const Arguments& arguments) {
    client::Query out{{"limit", "1000"}};
    for (const auto& [option, key] :
         {std::pair{"--labels", "labels"}, std::pair{"--agent", "agent"},
          std::pair{"--change", "change"}})
        if (arguments.has(option))
            out.emplace_back(key, arguments.get(option));
    return out;
}

Result<json::object> whole(client::Client& client, const client::Query& query) {
    auto impact = client::pages_as_one(client, "impact", query);
    if (!impact)
        return std::unexpected(explained(impact.error()));
    return std::move(*impact);
}

void show(const Arguments& arguments, const json::object& impact) {
    show_warnings(impact);
    if (format_of(arguments) == Format::name) {
        for (const auto& row : impact.at("items").as_array())
            print(text_at(row, "id") + "\n");
        return;
    }
    if (!print_document(arguments, impact))
        print(impact_text(impact, format_of(arguments) == Format::wide, Painter::from(arguments),
                          std::time(nullptr)));
}

// Each time that something differs, until nothing is staged any more.
Result<void> watch(client::Client& client, const Arguments& arguments) {
    json::object shown;
    for (;;) {
        auto impact = whole(client, query_of(arguments));
        if (!impact && impact.error().code == Exit::not_found && !shown.empty())
            return {};
        if (!impact)
            return std::unexpected(impact.error());
        if (*impact != shown) {
            if (!shown.empty() && format_of(arguments) == Format::table)
                print("\n");
            show(arguments, *impact);
            shown = std::move(*impact);
        }
        std::this_thread::sleep_for(between_looks);
    }
}

// Flags of one way to look that say nothing in the other.
Result<void> fits(const Arguments& arguments) {
    const bool recorded = arguments.has("--recorded");
    for (const char* flag : {"--labels", "--agent", "--change", "--watch"})
        if (recorded && arguments.has(flag))
            return std::unexpected(
                Error{Exit::usage, std::string(flag) + " is for what agents see of a staged draft; "
                                                       "with --recorded give a QUERY"});
    if (!recorded && (!arguments.operands.empty() || arguments.has("--since")))
        return std::unexpected(
            Error{Exit::usage, "a QUERY and --since are for recorded flows: add --recorded"});
    return {};
}

Result<void> run(const Arguments& arguments) {
    if (auto good = fits(arguments); !good)
        return good;
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    if (arguments.has("--watch"))
        return watch(*client, arguments);
    if (arguments.has("--recorded"))
        return impact_recorded(*client, arguments);
    const auto impact = whole(*client, query_of(arguments));
    if (!impact)
        return std::unexpected(impact.error());
    show(arguments, *impact);
    return {};
}

constexpr std::array flags{
    Flag{"-l,--labels", "QUERY", "only what workloads would see that the query selects"},
    Flag{"--agent", "NAME", "only what this agent reports"},
    Flag{"--change", "CHANGE", "newly-blocked or newly-allowed"},
    Flag{"-w,--watch", "", "show it again whenever it differs, until nothing is staged"},
    Flag{"--recorded", "", "judge the recorded flows of the fleet by the draft; nothing is staged"},
    Flag{"--since", "DURATION", "with --recorded: of the last 24h (default), 7d, 4w ..."}};

} // namespace

const Command impact_command{
    "impact",
    "What the staged draft would newly block or newly allow",
    "Agents judge every connection by what they enforce and by the draft of 'ringwall stage', and\n"
    "report where the two differ: by workload, peer, service and process, with the rule that would\n"
    "decide. A workload in visibility is judged like one in full. Exit code 3: nothing is staged.\n"
    "With --recorded the controller judges what it recorded, by labels, by the policy in force and by\n"
    "the draft: an answer for weeks in seconds, before anything is staged. QUERY is a filter of\n"
    "docs/flow-query.md.\n\n"
    "  ringwall impact --watch\n"
    "  ringwall impact -l 'app=Payments' --change newly-blocked -o wide\n"
    "  ringwall impact --recorded --since 7d 'app=Payments'",
    "[QUERY...]",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
