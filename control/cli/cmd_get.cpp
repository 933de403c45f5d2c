// get: objects as they are, and as they change.
#include <array>
#include <ctime>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/cli/object_view.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<void> check_usage(const Arguments& arguments, const Reference& first) {
    const auto wrong = [](std::string sentence) {
        return std::unexpected(Error{Exit::usage, std::move(sentence)});
    };
    if (arguments.has("--labels") && (first.kind->singular != "workload" || !first.name.empty()))
        return wrong("--labels selects workloads: write 'ringwall get workloads -l role=Web'");
    if (arguments.has("--version") && !first.kind->provisioned)
        return wrong(fmt::format("{} act at once and have no versions", first.kind->path));
    return {};
}

bool is_wanted(const std::vector<Reference>& wanted, const json::value& event) {
    const auto* kind = kind_of_document(text_at(event, "kind"));
    const auto name = text_at(event, "name");
    for (const auto& [wanted_kind, wanted_name] : wanted)
        if (kind == wanted_kind && (wanted_name.empty() || wanted_name == name))
            return true;
    return false;
}

// One object that has changed, as a line or a document. A label query is asked again: the object
// may have left it.
void show_change(client::Client& client, const Arguments& arguments, const json::value& event) {
    const auto* kind = kind_of_document(text_at(event, "kind"));
    const auto name = text_at(event, "name");
    auto document =
        ask(client, client::get(client::target({kind->path, name}, query_of(arguments, *kind))));
    if (!document)
        return print(fmt::format("{}/{} removed\n", kind->singular, name));
    if (format_of(arguments) == Format::name)
        return print(fmt::format("{}/{}\n", kind->singular, name));
    if (!print_document(arguments, *document))
        print(columns(
            {row_of(*kind, *document, format_of(arguments) == Format::wide, std::time(nullptr))}));
}

// Begins with the objects as they are; after a gap in the events they are shown again.
Result<void> watch(client::Client& events, client::Client& client, const Arguments& arguments,
                   const std::vector<Reference>& wanted) {
    Result<void> failed;
    const auto all = [&] {
        auto documents = fetch(client, arguments, wanted);
        if (documents)
            show(arguments, wanted, std::move(*documents));
        else
            failed = std::unexpected(documents.error());
    };
    const auto each = [&](const client::Event& event) {
        json::error_code error;
        const auto data = json::parse(event.data, error);
        if (event.type == "missed")
            all();
        else if (!error && is_wanted(wanted, data))
            show_change(client, arguments, data);
        return failed.has_value();
    };
    bool first = true;
    auto done = checked(events.follow(client::target({"events"}, {{"types", "change"}}), each, [&] {
        if (std::exchange(first, false))
            all();
    }));
    return failed ? done : failed;
}

Result<void> get(const Arguments& arguments) {
    auto wanted = references(arguments.operands);
    if (!wanted)
        return std::unexpected(wanted.error());
    if (auto good = check_usage(arguments, wanted->front()); !good)
        return good;
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    if (arguments.has("--watch")) {
        auto events = client::Client(client->settings());
        return watch(events, *client, arguments, *wanted);
    }
    auto documents = fetch(*client, arguments, *wanted);
    if (!documents)
        return std::unexpected(documents.error());
    show(arguments, *wanted, std::move(*documents));
    return {};
}

constexpr std::array get_flags{
    Flag{"-l,--labels", "QUERY", "workloads by labels: role=Web Server,env!=Dev,app in (a,b),!loc"},
    Flag{"--version", "VERSION", "draft (default), active, or a number"},
    Flag{"-w,--watch", "", "go on showing what changes, until interrupted"}};

} // namespace

const Command get_command{
    "get",
    "Objects of the controller",
    "KIND is workload (wl), service (svc), addresslist (al), labelgroup (lg), ruleset (rs),\n"
    "pairingprofile (pp), user or token, singular or plural; KIND/NAME works too. -o yaml gives\n"
    "documents that 'ringwall apply -f -' takes back.\n\n"
    "  ringwall get workloads -l 'app=Payments,env=Production'\n"
    "  ringwall get rs payments -o yaml --version active\n"
    "  ringwall get wl --watch",
    "KIND [NAME...]",
    get_flags,
    get,
    Peer::controller};

} // namespace ringwall::cli
