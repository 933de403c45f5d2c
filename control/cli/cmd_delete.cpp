// delete: by name, by file, by labels.
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/kinds.h"
#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<std::vector<Reference>> of_files(const Arguments& arguments) {
    auto documents = read_documents(arguments.all("--file"));
    if (!documents)
        return std::unexpected(documents.error());
    std::vector<Reference> out;
    for (const auto& document : *documents)
        if (const auto* kind = kind_of_document(document.kind))
            out.push_back({kind, document.name});
    return out;
}

Result<std::vector<Reference>> doomed(const Arguments& arguments) {
    if (arguments.has("--file"))
        return arguments.operands.empty()
                   ? of_files(arguments)
                   : std::unexpected(Error{Exit::usage, "give names or -f, not both"});
    auto wanted = references(arguments.operands);
    if (wanted && wanted->front().name.empty())
        return std::unexpected(Error{
            Exit::usage, "delete needs names, -f with files, or for workloads -l with a query"});
    return wanted;
}

// What others refer to goes after them.
void order(std::vector<Reference>& list) {
    static constexpr std::array order{"ruleset", "service", "addresslist", "labelgroup"};
    std::ranges::sort(list, {}, [](const Reference& one) {
        return std::pair(std::ranges::find(order, one.kind->singular) - order.begin(), one.name);
    });
}

// What is still referred to may go once the others are gone, so it is tried again as long as
// something goes.
Result<json::object> remove_all(client::Client& client, const Arguments& arguments,
                                std::vector<Reference> list) {
    json::array edits, warnings;
    Result<void> failed;
    for (bool moved = true; moved && !list.empty();) {
        moved = false;
        failed = {};
        std::vector<Reference> left;
        for (const auto& one : list) {
            auto done =
                ask(client, client::write("DELETE", client::target({one.kind->path, one.name},
                                                                   dry_run(arguments))));
            if (!done && done.error().code == Exit::not_found && !arguments.has("--ignore-missing"))
                return std::unexpected(done.error());
            if (!done && done.error().code != Exit::not_found) {
                failed = std::unexpected(done.error());
                left.push_back(one);
                continue;
            }
            moved = true;
            if (const auto* more = done ? done->if_contains("edits") : nullptr)
                edits.insert(edits.end(), more->as_array().begin(), more->as_array().end());
        }
        list = std::move(left);
    }
    json::object out{{"edits", std::move(edits)}, {"warnings", std::move(warnings)}};
    if (failed)
        return out;
    print_edits(out, arguments, {arguments.has("--dry-run"), false});
    return std::unexpected(failed.error());
}

// One transaction: everything of the kind that the query selects and that no document keeps.
Result<json::object> remove_by_labels(client::Client& client, const Arguments& arguments) {
    json::object body{{"documents", json::array{}},
                      {"prune", json::object{{"kinds", json::array{"Workload"}},
                                             {"labels", arguments.get("--labels")}}}};
    return ask(client, client::write("POST", client::target({"apply"}, dry_run(arguments)),
                                     std::move(body)));
}

Result<json::object> remove(client::Client& client, const Arguments& arguments) {
    if (arguments.has("--labels")) {
        auto wanted = references(arguments.operands);
        if (!wanted)
            return std::unexpected(wanted.error());
        if (wanted->front().kind->singular != "workload" || !wanted->front().name.empty())
            return std::unexpected(Error{Exit::usage,
                                         "-l selects workloads: write 'ringwall delete "
                                         "workloads -l QUERY'"});
        return remove_by_labels(client, arguments);
    }
    auto list = doomed(arguments);
    if (!list)
        return std::unexpected(list.error());
    order(*list);
    return remove_all(client, arguments, std::move(*list));
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer = remove(*client, arguments);
    if (!answer)
        return std::unexpected(answer.error());
    show_warnings(*answer);
    print_edits(*answer, arguments, {arguments.has("--dry-run"), false});
    return {};
}

constexpr std::array flags{
    Flag{"-f,--file", "PATH", "the objects of these files; may be repeated", true},
    Flag{"-l,--labels", "QUERY", "workloads that the query selects"},
    Flag{"--ignore-missing", "", "what is not there is no error"},
    Flag{"--dry-run", "", "let the controller judge, change nothing"}};

} // namespace

const Command delete_command{
    "delete",
    "Remove objects",
    "Workloads are removed at once; rule sets, services, lists and groups go from the draft and\n"
    "stay in force until 'ringwall provision'.\n\n"
    "  ringwall delete workload web-uk-7\n"
    "  ringwall delete ruleset/payments service/dns\n"
    "  ringwall delete workloads -l 'env=Test' --dry-run",
    "[KIND] [NAME...]",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
