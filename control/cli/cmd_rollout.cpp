// The version under way: look, confirm, go on, take back; freezes.
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::size_t count(const json::object& rollout, const char* list) {
    const auto* items = rollout.if_contains(list);
    return items && items->is_array() ? items->get_array().size() : 0;
}

std::string phase_text(const json::object& rollout, const Painter& paint) {
    const auto phase = text_at(rollout, "phase");
    if (phase == "canary")
        return paint(Color::yellow, fmt::format("with {} canaries; 'ringwall proceed' gives it to "
                                                "the rest",
                                                count(rollout, "first")));
    if (phase == "waiting")
        return paint(Color::yellow, "waiting; 'ringwall confirm' makes it final");
    if (phase == "taken_back")
        return paint(Color::red, "taken back: " + text_at(rollout, "reason"));
    return paint(Color::green, "final");
}

std::string rollout_text(const json::object& rollout, const Painter& paint) {
    auto out =
        fmt::format("Version    {} (before: {})\nPhase      {}\n"
                    "Began      {}\nAgents     {} of {} hold it\n",
                    number_at(rollout, "version"), number_at(rollout, "previous"),
                    phase_text(rollout, paint), age(text_at(rollout, "began"), std::time(nullptr)),
                    count(rollout, "acknowledged"), number_at(rollout, "concerned"));
    if (const auto deadline = text_at(rollout, "deadline"); !deadline.empty())
        out += fmt::format("Deadline   {}\n", time_of_day(deadline));
    if (rollout.contains("canary"))
        out +=
            fmt::format("Blocked    {} flows among the canaries\n", number_at(rollout, "blocks"));
    if (count(rollout, "refused"))
        for (const auto& refusal : rollout.at("refused").as_array())
            out += paint(Color::red, "Refused    " + text_of(&refusal)) + "\n";
    return out;
}

void show(const Arguments& arguments, const json::object& rollout) {
    if (!print_document(arguments, rollout))
        print(rollout_text(rollout, Painter::from(arguments)));
}

bool is_over(const json::object& rollout) {
    const auto phase = text_at(rollout, "phase");
    return phase == "confirmed" || phase == "taken_back";
}

// Ends when the version is final or taken back.
Result<void> watch(client::Client& client, const Arguments& arguments) {
    client::Client events(client.settings());
    Result<void> failed;
    const auto look = [&] {
        auto rollout = ask(client, client::get(client::target({"rollout"})));
        if (!rollout) {
            failed = std::unexpected(rollout.error());
            return false;
        }
        show(arguments, *rollout);
        return !is_over(*rollout);
    };
    if (!look())
        return failed;
    auto done = checked(
        events.follow(client::target({"events"}, {{"types", "rollout,version,agent"}}),
                      [&](const client::Event& event) { return event.type == "agent" || look(); }));
    return failed ? done : failed;
}

Result<void> status(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    if (arguments.has("--watch"))
        return watch(*client, arguments);
    auto rollout = ask(*client, client::get(client::target({"rollout"})));
    if (!rollout)
        return std::unexpected(rollout.error());
    show(arguments, *rollout);
    return {};
}

// Without a key: a second confirmation would be told that nothing is under way, so none is sent.
client::Request once(std::string target, std::optional<json::value> body = {}) {
    return {.method = "POST", .target = std::move(target), .body = std::move(body)};
}

Result<void> step(const Arguments& arguments, std::string_view what) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto rollout = ask(*client, once(client::target({"rollout", what})));
    if (!rollout)
        return std::unexpected(rollout.error());
    show(arguments, *rollout);
    return {};
}

Result<void> confirm(const Arguments& arguments) {
    return step(arguments, "confirm");
}

Result<void> proceed(const Arguments& arguments) {
    return step(arguments, "proceed");
}

Result<json::object> reason_of(const Arguments& arguments) {
    if (arguments.get("--message").empty())
        return std::unexpected(
            Error{Exit::usage, "give the reason with -m: it is kept in the log"});
    return json::object{{"reason", arguments.get("--message")}};
}

Result<void> abort(const Arguments& arguments) {
    auto reason = reason_of(arguments);
    if (!reason)
        return std::unexpected(reason.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto version = ask(*client, once(client::target({"rollout", "abort"}), std::move(*reason)));
    if (!version)
        return std::unexpected(version.error());
    if (!print_document(arguments, *version))
        print(fmt::format("taken back: version {} has the content of version {}\n",
                          number_at(*version, "number"), number_at(*version, "rollback_to")));
    return {};
}

Result<void> freezing(const Arguments& arguments, const client::Request& request) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto state = ask(*client, request);
    if (!state)
        return std::unexpected(state.error());
    if (print_document(arguments, *state))
        return {};
    const auto* frozen = state->if_contains("frozen");
    const bool on = frozen && frozen->is_bool() && frozen->get_bool();
    print(on ? fmt::format("frozen: {}; nothing is provisioned until 'ringwall unfreeze'\n",
                           text_at(*state, "reason"))
             : "not frozen\n");
    return {};
}

Result<void> freeze(const Arguments& arguments) {
    if (!arguments.has("--message"))
        return freezing(arguments, client::get(client::target({"freeze"})));
    auto reason = reason_of(arguments);
    if (!reason)
        return std::unexpected(reason.error());
    return freezing(
        arguments,
        {.method = "PUT", .target = client::target({"freeze"}), .body = std::move(*reason)});
}

Result<void> unfreeze(const Arguments& arguments) {
    return freezing(arguments, {.method = "DELETE", .target = client::target({"freeze"})});
}

constexpr std::array status_flags{
    Flag{"-w,--watch", "", "show each step, until it is final or taken back"}};
constexpr std::array reason_flags{
    Flag{"-m,--message", "TEXT", "the reason, kept in the audit log"}};

} // namespace

const Command rollout_status_command{"rollout status",
                                     "The version under way: phase, deadline, agents",
                                     "Exit code 3 when none is under way.\n\n"
                                     "  ringwall rollout\n"
                                     "  ringwall rollout --watch",
                                     "",
                                     status_flags,
                                     status,
                                     Peer::controller};

const Command confirm_command{
    "confirm",
    "Make the version under way final",
    "Of a version that was provisioned with --confirm-within: without it every agent goes back by\n"
    "itself when the time is over.",
    "",
    {},
    confirm,
    Peer::controller};

const Command proceed_command{
    "proceed",       "Give the version from the canaries to all others", "", "", {}, proceed,
    Peer::controller};

const Command abort_command{"abort",
                            "Take the version under way back",
                            "  ringwall abort -m 'the shop is down'",
                            "",
                            reason_flags,
                            abort,
                            Peer::controller};

const Command freeze_command{"freeze",
                             "Let nothing be provisioned for a while; without -m: is it frozen?",
                             "  ringwall freeze -m 'quarter end, until Monday'",
                             "",
                             reason_flags,
                             freeze,
                             Peer::controller};

const Command unfreeze_command{"unfreeze", "Lift the freeze", "", "", {},
                               unfreeze,   Peer::controller};

} // namespace ringwall::cli
