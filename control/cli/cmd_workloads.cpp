// mode and label: many workloads at once, acting at once.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/cuts.h"
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

Result<json::object> send(client::Client& client, const Arguments& arguments, std::string_view what,
                          json::object body) {
    auto answer =
        ask(client, client::write("POST", client::target({"workloads", what}, dry_run(arguments)),
                                  std::move(body)));
    if (answer)
        show_warnings(*answer);
    return answer;
}

void show(const json::object& answer, const Arguments& arguments) {
    print_edits(answer, arguments, {arguments.has("--dry-run"), true});
}

// The live connections that the mode would end, by what agents see now.
Result<json::object> find_cuts(client::Client& client, json::object body) {
    const char* const session = std::getenv("SSH_CONNECTION"); // NOLINT(concurrency-mt-unsafe)
    if (const auto caller = ssh_client(session ? session : ""))
        body["callers"] = json::array{json::string(*caller)};
    return ask(client,
               client::write("POST", client::target({"workloads", "cuts"}), std::move(body)));
}

// They are shown on stderr. True: go on.
Result<bool> accepted(const Arguments& arguments, const json::object& cuts) {
    const auto totals = totals_of(cuts);
    fmt::print(stderr, "{}", cuts_text(cuts, Painter::from(arguments)));
    if (totals.total == 0 || arguments.has("--dry-run"))
        return true;
    return agreed(arguments, totals.yours ? "This ends your own session. Go on?" : "Go on?");
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
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    std::optional<json::object> cuts;
    if (mode == "selective" || mode == "full") {
        auto found = find_cuts(*client, body);
        if (!found)
            return std::unexpected(found.error());
        cuts = std::move(*found);
        if (auto go = accepted(arguments, *cuts); !go || !*go)
            return go ? Result<void>() : std::unexpected(go.error());
    }
    auto answer = send(*client, arguments, "mode", std::move(body));
    if (!answer)
        return std::unexpected(answer.error());
    if (cuts && arguments.has("--dry-run"))
        (*answer)["cuts"] = std::move(*cuts);
    show(*answer, arguments);
    return {};
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
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const auto answer = send(*client, arguments, "labels", std::move(body));
    if (!answer)
        return std::unexpected(answer.error());
    show(*answer, arguments);
    return {};
}

constexpr Flag labels_flag{"-l,--labels", "QUERY",
                           "workloads that the query selects, in place of names"};
constexpr std::array mode_flags{
    labels_flag,
    Flag{"--dry-run", "", "show what would change and which connections would end; change nothing"},
    Flag{"-y,--yes", "", "do not ask, whatever live connections end"}};
constexpr std::array label_flags{labels_flag,
                                 Flag{"--dry-run", "", "show what would change, change nothing"}};

} // namespace

const Command mode_command{
    "mode",
    "Set how far workloads enforce: idle, visibility, selective, full",
    "Acts at once. The step to selective or full lists the live connections that it would end, an\n"
    "SSH session of yours first, and asks before it ends any (without a terminal: give --yes). The\n"
    "way back asks nothing: it is the way out of an outage.\n\n"
    "  ringwall mode app-uk-1 visibility\n"
    "  ringwall mode -l 'app=Payments,env=Production' full --dry-run",
    "[WORKLOAD...] MODE",
    mode_flags,
    mode,
    Peer::controller};

const Command label_command{"label",
                            "Set and remove labels of workloads",
                            "Acts at once: rules find the workload by its new labels.\n\n"
                            "  ringwall label app-uk-7 role='App Server' loc=UK rack-\n"
                            "  ringwall label -l 'loc=GB' loc=UK",
                            "[WORKLOAD...] KEY=VALUE...",
                            label_flags,
                            label,
                            Peer::controller};

} // namespace ringwall::cli
