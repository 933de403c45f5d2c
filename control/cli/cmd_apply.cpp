// apply: files -> draft (and workloads, which act at once).
#include <array>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/git.h"
#include "control/cli/kinds.h"
#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

bool is_policy(const Document& document) {
    const auto* kind = kind_of_document(document.kind);
    return kind && kind->policy;
}

// Only kinds that the files have: a folder of rule sets does not remove the workloads.
json::object pruning(const Arguments& arguments, const std::vector<Document>& documents) {
    std::set<std::string> seen;
    json::array kinds;
    for (const auto& document : documents)
        if (is_policy(document) && seen.insert(document.kind).second)
            kinds.push_back(json::string(document.kind));
    json::object out{{"kinds", std::move(kinds)}};
    if (arguments.has("--prune-labels"))
        out["labels"] = arguments.get("--prune-labels");
    return out;
}

Result<json::object> apply_policy(client::Client& client, const Arguments& arguments,
                                  const std::vector<Document>& documents, const std::string& note) {
    json::array list;
    for (const auto& document : documents)
        if (is_policy(document))
            list.push_back(document.json);
    if (list.empty())
        return json::object{{"edits", json::array{}}, {"warnings", json::array{}}};
    json::object body{{"documents", std::move(list)}};
    if (arguments.has("--prune"))
        body["prune"] = pruning(arguments, documents);
    if (!note.empty())
        body["note"] = note;
    return ask(
        client,
        client::write("POST", client::target({"apply"}, dry_run(arguments)), std::move(body)),
        documents);
}

void append(json::object& all, const json::object& more) {
    for (const auto* member : {"edits", "warnings"})
        if (const auto* items = more.if_contains(member); items && items->is_array())
            for (const auto& item : items->get_array())
                all[member].as_array().push_back(item);
}

// Profiles and users are no policy: one request each, behind the policy.
Result<void> put_others(client::Client& client, const Arguments& arguments,
                        const std::vector<Document>& documents, json::object& all) {
    for (const auto& document : documents) {
        const auto* kind = kind_of_document(document.kind);
        if (!kind || kind->policy)
            continue;
        auto done = ask(
            client,
            client::write("PUT", client::target({kind->path, document.name}, dry_run(arguments)),
                          document.json),
            documents);
        if (!done)
            return std::unexpected(done.error());
        append(all, *done);
    }
    return {};
}

Result<void> run(const Arguments& arguments) {
    if (!arguments.has("--file"))
        return std::unexpected(
            Error{Exit::usage, "apply needs -f with a file, a folder, or - for standard input"});
    if (arguments.has("--prune-labels") && !arguments.has("--prune"))
        return std::unexpected(Error{Exit::usage, "--prune-labels narrows --prune; give both"});
    auto documents = read_documents(arguments.all("--file"));
    if (!documents)
        return std::unexpected(documents.error());
    auto note = note_of(arguments, arguments.all("--file").front());
    if (!note)
        return std::unexpected(note.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer = apply_policy(*client, arguments, *documents, *note);
    if (!answer)
        return std::unexpected(answer.error());
    auto others = put_others(*client, arguments, *documents, *answer);
    show_warnings(*answer, *documents);
    const bool dry = arguments.has("--dry-run");
    print_edits(*answer, arguments, {dry, dry});
    return others;
}

constexpr std::array flags{
    Flag{"-f,--file", "PATH", "file, folder, or - for standard input; may be repeated", true},
    Flag{"--prune", "", "remove objects, of the kinds in the files, that the files do not have"},
    Flag{"--prune-labels", "QUERY",
         "prune only workloads that the query selects, and rule sets all of whose scopes it does"},
    Flag{"--dry-run", "", "let the controller judge, show what would change, change nothing"},
    Flag{"-m,--message", "TEXT", "a note for the audit log"},
    Flag{"--git", "", "note the commit of the files' work tree"}};

} // namespace

const Command apply_command{
    "apply",
    "Bring the controller's objects to what files say",
    "All documents are taken or none. Workloads act at once; rule sets, services, lists and groups\n"
    "wait in the draft for 'ringwall provision'. What is wrong is told with file:line:column. A\n"
    "metadata.revision in a document must be the present one. Pairing profiles and users in the\n"
    "files are written after the policy, one by one.\n\n"
    "  ringwall apply -f policy/ --dry-run\n"
    "  ringwall apply -f policy/ --prune --prune-labels app=Payments --git\n"
    "  ringwall get rs payments -o yaml | sed s/8080/8443/ | ringwall apply -f -",
    "",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
