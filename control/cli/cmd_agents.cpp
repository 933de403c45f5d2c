// Agents of the fleet.
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"
#include "control/cli/yaml.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Color color_of(std::string_view presence) {
    return presence == "online" ? Color::green : presence == "late" ? Color::yellow : Color::red;
}

bool flag(const json::value& agent, std::string_view member) {
    const auto* value = at(agent, member);
    return value && value->is_bool() && value->get_bool();
}

std::string policy_state(const json::value& agent, const Painter& paint) {
    if (!text_at(agent, "refused").empty())
        return paint(Color::red, "refused");
    if (flag(agent, "unconfirmed"))
        return paint(Color::yellow, "unconfirmed");
    return flag(agent, "current") ? paint(Color::green, "current") : paint(Color::yellow, "behind");
}

Row row(const json::value& agent, bool wide, const Painter& paint) {
    const bool revoked = !text_at(agent, "revoked").empty();
    const auto presence = revoked                   ? "revoked"
                          : flag(agent, "given_up") ? "given up"
                                                    : text_at(agent, "presence");
    Row out{text_at(agent, "name"),
            paint(color_of(presence), presence),
            age(text_at(agent, "last_heard"), std::time(nullptr)),
            std::to_string(number_at(agent, "provisioned")),
            policy_state(agent, paint),
            text_at(agent, "mode")};
    if (wide)
        out.insert(out.end(), {text_at(agent, "version"), text_at(agent, "peer"),
                               fmt::format("{} ms", number_at(agent, "skew_ms")),
                               labels_text(at(agent, "labels"))});
    return out;
}

Result<void> list(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    client::Query query;
    for (const auto& [option, key] :
         {std::pair{"--labels", "labels"}, std::pair{"--presence", "presence"}})
        if (arguments.has(option))
            query.emplace_back(key, arguments.get(option));
    auto agents = all_items(*client, "agents", query);
    if (!agents)
        return std::unexpected(agents.error());
    const auto total = agents->size();
    if (print_document(arguments, json::object{{"items", *agents}, {"total", total}}))
        return {};
    if (format_of(arguments) == Format::name) {
        for (const auto& agent : *agents)
            print(text_at(agent, "name") + "\n");
        return {};
    }
    const bool wide = format_of(arguments) == Format::wide;
    const auto paint = Painter::from(arguments);
    Row header{"NAME", "PRESENCE", "HEARD", "VERSION", "POLICY", "MODE"};
    if (wide)
        header.insert(header.end(), {"PROGRAM", "PEER", "SKEW", "LABELS"});
    std::vector<Row> rows;
    for (const auto& agent : *agents)
        rows.push_back(row(agent, wide, paint));
    print(table_of(std::move(header), std::move(rows), paint));
    return {};
}

Result<void> describe(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto agent = ask(*client, client::get(client::target({"agents", arguments.operand})));
    if (!agent)
        return std::unexpected(agent.error());
    if (!print_document(arguments, *agent))
        print(yaml_text(*agent));
    return {};
}

Result<void> revoke(const Arguments& arguments) {
    if (arguments.get("--message").empty())
        return std::unexpected(
            Error{Exit::usage, "give the reason with -m: it is kept in the log"});
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto go =
        agreed(arguments, fmt::format("Revoke the certificate of agent {}? It has to be paired "
                                      "again afterwards.",
                                      arguments.operand));
    if (!go || !*go)
        return go ? Result<void>() : std::unexpected(go.error());
    auto done =
        checked(client->send({.method = "POST",
                              .target = client::target({"agents", arguments.operand, "revoke"}),
                              .body = json::object{{"reason", arguments.get("--message")}}}));
    if (!done)
        return std::unexpected(done.error());
    print(fmt::format("{}: its certificate counts no longer; what it enforces stays as it is\n",
                      arguments.operand));
    return {};
}

// What an agent is told to do now; each by itself, the first failure does not keep the others.
Result<void> command(const Arguments& arguments, const json::object& body) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    Result<void> out;
    for (const auto& name : arguments.operands) {
        auto done = ask(*client, {.method = "POST",
                                  .target = client::target({"agents", name, "commands"}),
                                  .body = body});
        const auto* ok = done ? done->if_contains("ok") : nullptr;
        if (done && !print_document(arguments, *done))
            print(fmt::format("{}: {}\n", name, text_at(*done, "sentence")));
        if (!done)
            out = std::unexpected(Error{done.error().code, name + ": " + done.error().message});
        else if (!ok || !ok->is_bool() || !ok->get_bool())
            out = std::unexpected(Error{Exit::failed, name + ": " + text_at(*done, "sentence")});
        if (!out && arguments.operands.size() > 1)
            fmt::print(stderr, "ringwall: {}\n", out.error().message);
    }
    return out;
}

Result<void> pause(const Arguments& arguments) {
    const auto seconds = parse_duration(arguments.get("--for"));
    if (!seconds)
        return std::unexpected(
            Error{Exit::usage, "pause needs --for with a duration, for example --for 10m"});
    return command(arguments, {{"pause", *seconds}});
}

Result<void> resume(const Arguments& arguments) {
    return command(arguments, {{"resume", true}});
}

constexpr std::array list_flags{
    Flag{"-l,--labels", "QUERY", "agents whose workload the query selects"},
    Flag{"--presence", "WORD", "online, late or silent"}};
constexpr std::array revoke_flags{Flag{"-m,--message", "TEXT", "the reason, kept in the audit log"},
                                  Flag{"-y,--yes", "", "do not ask"}};
constexpr std::array pause_flags{Flag{"--for", "DURATION", "90s, 10m, 2h; at most 24h"}};

} // namespace

const Command agents_list_command{"agents list",
                                  "Who is there, with which version",
                                  "  ringwall agents\n"
                                  "  ringwall agents --presence silent -o wide",
                                  "",
                                  list_flags,
                                  list,
                                  Peer::controller};

const Command agents_describe_command{"agents describe",
                                      "One agent, with its report of the host",
                                      "  ringwall agents describe web-uk-1",
                                      "NAME",
                                      {},
                                      describe,
                                      Peer::controller};

const Command agents_revoke_command{"agents revoke",
                                    "Let an agent's certificate count no longer",
                                    "  ringwall agents revoke web-uk-1 -m 'the host was sold'",
                                    "NAME",
                                    revoke_flags,
                                    revoke,
                                    Peer::controller};

const Command agents_pause_command{
    "agents pause",
    "Let everything pass on hosts for a while",
    "As 'ringwall pause' on the host: it ends by itself, by the kernel's clock.\n\n"
    "  ringwall agents pause web-uk-1 web-uk-2 --for 10m",
    "NAME...",
    pause_flags,
    pause,
    Peer::controller};

const Command agents_resume_command{
    "agents resume", "End a pause now", "  ringwall agents resume web-uk-1", "NAME...", {},
    resume,          Peer::controller};

} // namespace ringwall::cli
