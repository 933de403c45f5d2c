// import: labels of many workloads from a table.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/git.h"
#include "control/cli/label_table.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"
#include "control/policy/load.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t most_single_reads = 50; // beyond that a list is less to ask

Result<std::string> content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in.is_open())
        return std::unexpected(Error{
            Exit::failed, fmt::format("{}: cannot be read ({})", path, std::strerror(errno))});
    return std::string(std::istreambuf_iterator<char>(in), {});
}

using Workloads = std::map<std::string, json::object>;

Result<void> read_each(client::Client& client, const std::vector<std::string>& names,
                       Workloads& out) {
    for (const auto& name : names) {
        auto one = ask(client, client::get(client::target({"workloads", name})));
        if (one)
            out.emplace(name, std::move(*one));
        else if (one.error().code != Exit::not_found)
            return std::unexpected(one.error());
    }
    return {};
}

// Only the workloads of the table are kept.
Result<Workloads> present(client::Client& client, const std::vector<std::string>& names) {
    Workloads out;
    if (names.size() <= most_single_reads) {
        auto read = read_each(client, names, out);
        return read ? Result<Workloads>(std::move(out)) : std::unexpected(read.error());
    }
    std::map<std::string, bool> wanted;
    for (const auto& name : names)
        wanted[name] = true;
    auto read = checked(client::each_page(client, "workloads", {}, [&](json::array page) {
        for (auto& document : page)
            if (const auto name = text_at(document, "metadata.name"); wanted.contains(name))
                out.emplace(name, std::move(document.as_object()));
        return true;
    }));
    return read ? Result<Workloads>(std::move(out)) : std::unexpected(read.error());
}

Places places_in(const std::vector<LabelRow>& rows) {
    return [&rows](const client::Fault& fault) -> std::optional<Place> {
        const auto row = std::ranges::find(rows, fault.name, &LabelRow::name);
        return row == rows.end() ? std::nullopt : std::optional(row->place(fault.pointer));
    };
}

Result<std::vector<LabelRow>> rows_of(client::Client& client, const std::string& file) {
    auto csv = content_of(file);
    if (!csv)
        return std::unexpected(csv.error());
    auto there = present(client, names_in(*csv));
    if (!there)
        return std::unexpected(there.error());
    auto rows = read_label_table(*csv, file, [&](const std::string& name) -> const json::object* {
        const auto found = there->find(name);
        return found == there->end() ? nullptr : &found->second;
    });
    if (rows)
        return std::move(*rows);
    std::string all;
    for (const auto& problem : rows.error())
        all += (all.empty() ? "" : "\n") + policy::line(problem);
    return std::unexpected(Error{Exit::invalid, std::move(all)});
}

Result<void> run(const Arguments& arguments) {
    auto note = note_of(arguments, arguments.operand);
    if (!note)
        return std::unexpected(note.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto rows = rows_of(*client, arguments.operand);
    if (!rows)
        return std::unexpected(rows.error());
    json::array documents;
    for (const auto& row : *rows)
        documents.push_back(row.document);
    json::object body{{"documents", std::move(documents)}};
    if (!note->empty())
        body["note"] = *note;
    auto answer = client->json(
        client::write("POST", client::target({"apply"}, dry_run(arguments)), std::move(body)));
    if (!answer)
        return std::unexpected(error_of(answer.error(), places_in(*rows)));
    if (!answer->is_object())
        return std::unexpected(Error{Exit::failed, "the controller's answer is not understood"});
    show_warnings(answer->get_object());
    print_edits(answer->get_object(), arguments, {arguments.has("--dry-run"), true});
    return {};
}

constexpr std::array flags{Flag{"--dry-run", "", "show what would change, change nothing"},
                           Flag{"-m,--message", "TEXT", "a note for the audit log"},
                           Flag{"--git", "", "note the commit of the file's work tree"}};

} // namespace

const Command import_command{
    "import",
    "Labels of workloads from a table (CSV)",
    "The first line names the columns: name, address (several separated by spaces), mode, managed;\n"
    "every other one is a label key. An empty cell leaves what is there, - removes a label.\n"
    "Workloads that are not there yet are made without agent, unless managed says true. All lines\n"
    "are taken or none.\n\n"
    "  name,address,role,app,env,loc\n"
    "  db-7,10.0.3.7,Database,Payments,Production,UK\n\n"
    "  ringwall import labels.csv --dry-run",
    "FILE",
    flags,
    run,
    Peer::controller};

} // namespace ringwall::cli
