// mode and label: many workloads at once, acting at once.
#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/subcommands.h"
#include "control/model/nearest.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

// Names, or a query: exactly one of them.
Result<void> add_whom(const Arguments& arguments, const std::vector<std::string>& names,
                      json::object& body) {
    if (names.empty() != arguments.has("--labels"))
        return std::unexpected(
            Error{Exit::usage, "say which workloads: their names, or -l with a label query"});
    if (arguments.has("--labels"))
        body["labels"] = arguments.get("--labels");
    json::array list;
    for (const auto& name : names)
        list.push_back(json::string(name.starts_with("workload/") ? name.substr(9) : name));
    if (!list.empty())
        body["names"] = std::move(list);
    return {};
}

Result<void> send(const Arguments& arguments, std::string_view what, json::object body) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer =
        ask(*client, client::write("POST", client::target({"workloads", what}, dry_run(arguments)),
                                   std::move(body)));
    if (!answer)
        return std::unexpected(answer.error());
    show_warnings(*answer);
    print_edits(*answer, arguments, {arguments.has("--dry-run"), true});
    return {};
}

Result<void> mode(const Arguments& arguments) {
    static const std::vector<std::string> modes{"idle", "visibility", "selective", "full"};
    auto names = arguments.operands;
    const auto mode = names.back();
    names.pop_back();
    if (std::ranges::find(modes, mode) == modes.end())
        return std::unexpected(
            Error{Exit::usage, fmt::format("\"{}\" is no mode; {}", mode,
                                           model::did_you_mean(mode, modes,
                                                               "it stands last: idle, visibility, "
                                                               "selective or full"))});
    json::object body{{"mode", mode}};
    if (auto added = add_whom(arguments, names, body); !added)
        return added;
    return send(arguments, "mode", std::move(body));
}

// "env=Production" sets, "env-" removes; everything before the first of them is a name.
Result<void> label(const Arguments& arguments) {
    std::vector<std::string> names;
    json::object set;
    json::array remove;
    for (const auto& word : arguments.operands) {
        const auto equals = word.find('=');
        const bool is_removal = equals == word.npos && word.size() > 1 && word.ends_with('-') &&
                                !word.starts_with("workload/");
        if (equals != word.npos && equals > 0)
            set[word.substr(0, equals)] = word.substr(equals + 1);
        else if (is_removal)
            remove.push_back(json::string(word.substr(0, word.size() - 1)));
        else if (set.empty() && remove.empty())
            names.push_back(word);
        else
            return std::unexpected(
                Error{Exit::usage,
                      fmt::format("\"{}\": a label is KEY=VALUE, or KEY- to remove it", word)});
    }
    if (set.empty() && remove.empty())
        return std::unexpected(
            Error{Exit::usage, "no label is given: KEY=VALUE sets one, KEY- removes it"});
    json::object body;
    if (!set.empty())
        body["set"] = std::move(set);
    if (!remove.empty())
        body["remove"] = std::move(remove);
    if (auto added = add_whom(arguments, names, body); !added)
        return added;
    return send(arguments, "labels", std::move(body));
}

constexpr std::array flags{
    Flag{"-l,--labels", "QUERY", "workloads that the query selects, in place of names"},
    Flag{"--dry-run", "", "show what would change, change nothing"}};

} // namespace

const Command mode_command{
    "mode",
    "Set how far workloads enforce: idle, visibility, selective, full",
    "Acts at once and asks nothing: the way out of an outage. The step to full warns of recent\n"
    "flows that would be cut; --dry-run only warns.\n\n"
    "  ringwall mode app-uk-1 visibility\n"
    "  ringwall mode -l 'app=Payments,env=Production' full --dry-run",
    "[WORKLOAD...] MODE",
    flags,
    mode,
    Peer::controller};

const Command label_command{"label",
                            "Set and remove labels of workloads",
                            "Acts at once: rules find the workload by its new labels.\n\n"
                            "  ringwall label app-uk-7 role='App Server' loc=UK rack-\n"
                            "  ringwall label -l 'loc=GB' loc=UK",
                            "[WORKLOAD...] KEY=VALUE...",
                            flags,
                            label,
                            Peer::controller};

} // namespace ringwall::cli
