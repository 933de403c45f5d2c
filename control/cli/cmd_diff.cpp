// diff: what is pending, what differs between versions, what files would change.
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/kinds.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<json::object> of_versions(client::Client& client, const Arguments& arguments) {
    client::Query query;
    for (const auto& [flag, key] : {std::pair{"--from", "from"}, std::pair{"--to", "to"}})
        if (arguments.has(flag))
            query.emplace_back(key, arguments.get(flag));
    return ask(client, client::get(client::target({"diff"}, query)));
}

// The same form as the controller's diff: what apply would change.
Result<json::object> of_files(client::Client& client, const Arguments& arguments) {
    auto documents = read_documents(arguments.all("--file"));
    if (!documents)
        return std::unexpected(documents.error());
    json::array list;
    for (const auto& document : *documents)
        if (const auto* kind = kind_of_document(document.kind); kind && kind->policy)
            list.push_back(document.json);
        else
            fmt::print(stderr,
                       "{}: {} {} is not compared: it is in no version, 'apply' puts it in "
                       "force at once\n",
                       document.file, document.kind, document.name);
    auto answer = ask(client,
                      client::write("POST", client::target({"apply"}, {{"dry_run", "true"}}),
                                    json::object{{"documents", std::move(list)}}),
                      *documents);
    if (!answer)
        return answer;
    show_warnings(*answer, *documents);
    json::array changes;
    if (const auto* edits = answer->if_contains("edits"); edits && edits->is_array())
        for (const auto& edit : edits->get_array())
            if (text_at(edit, "outcome") != "unchanged")
                changes.push_back(edit);
    return json::object{{"from", "draft"}, {"to", "files"}, {"changes", std::move(changes)}};
}

Result<json::array> changes_of(const Arguments& arguments) {
    if (arguments.has("--file") && (arguments.has("--from") || arguments.has("--to")))
        return std::unexpected(Error{Exit::usage, "give -f, or --from and --to"});
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto diff =
        arguments.has("--file") ? of_files(*client, arguments) : of_versions(*client, arguments);
    if (!diff)
        return std::unexpected(diff.error());
    json::array changes;
    if (const auto* list = diff->if_contains("changes"); list && list->is_array())
        changes = list->get_array();
    if (format_of(arguments) == Format::name)
        for (const auto& change : changes)
            print(short_name(change) + "\n");
    else if (!print_document(arguments, *diff))
        print(edit_lines(changes, Painter::from(arguments), true));
    return changes;
}

// As diff(1) does: 0 nothing differs, 1 something does, 2 trouble.
Result<void> run(const Arguments& arguments) {
    auto changes = changes_of(arguments);
    if (!changes)
        return std::unexpected(Error{Exit::usage, changes.error().message});
    if (changes->empty())
        return {};
    return std::unexpected(Error{Exit::failed, ""});
}

constexpr std::array flags{
    Flag{"--from", "VERSION", "active (default), draft, or a number"},
    Flag{"--to", "VERSION", "draft (default), active, or a number"},
    Flag{"-f,--file", "PATH", "what 'ringwall apply -f PATH' would change; may be repeated", true}};

} // namespace

const Command diff_command{
    "diff",
    "What is pending, or differs between versions or from files",
    "Without options: what 'ringwall provision' would put in force. Exit code 0 when nothing\n"
    "differs, 1 when something does, 2 for trouble.\n\n"
    "  ringwall diff\n"
    "  ringwall diff --from 6 --to 7\n"
    "  ringwall diff -f policy/",
    "",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
