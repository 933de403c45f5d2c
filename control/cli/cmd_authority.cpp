// The controller's CA: look, and replace it in three steps.
#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::array stragglers{"unacknowledged", "old_certificate"};

std::int64_t connected(const json::object& authority, std::string_view list) {
    return number_at(authority, fmt::format("{}.connected", list));
}

// "web-1, web-2, +3 more"; "" for nobody.
std::string names(const json::object& authority, std::string_view list) {
    const auto total = number_at(authority, fmt::format("{}.total", list));
    const auto* first = at(authority, fmt::format("{}.first", list));
    auto out = list_text(first, true);
    const auto shown =
        first && first->is_array() ? static_cast<std::int64_t>(first->get_array().size()) : 0;
    if (total > shown)
        out += fmt::format("{}+{} more", shown ? ", " : "", total - shown);
    return out;
}

std::string next_step(const json::object& authority) {
    bool rotating = false;
    if (const auto* all = at(authority, "authorities"); all && all->is_array())
        for (const auto& ca : all->get_array()) {
            const auto phase = text_at(ca, "phase");
            rotating |= phase != "issuing";
            if (phase == "announced")
                return "next: 'ringwall authority switch', when every agent has acknowledged\n";
        }
    if (rotating)
        return "next: 'ringwall authority retire', when every agent shows a new certificate\n";
    const auto* due = at(authority, "rotation_due");
    return due && due->is_bool() && due->get_bool()
               ? "it is time for a new CA: 'ringwall authority announce'\n"
               : "";
}

std::string authority_text(const json::object& authority, const Painter& paint) {
    std::vector<Row> rows;
    if (const auto* all = at(authority, "authorities"); all && all->is_array())
        for (const auto& ca : all->get_array())
            rows.push_back({text_at(ca, "phase"), text_at(ca, "subject"),
                            text_at(ca, "not_before").substr(0, 10),
                            text_at(ca, "not_after").substr(0, 10), text_at(ca, "fingerprint")});
    auto out = table_of({"PHASE", "SUBJECT", "FROM", "UNTIL", "SHA-256"}, std::move(rows), paint);
    out += fmt::format("trust bundle {}, {} agents\n", number_at(authority, "bundle"),
                       number_at(authority, "agents"));
    if (const auto late = names(authority, "unacknowledged"); !late.empty())
        out += paint(Color::yellow, "not acknowledged: " + late) + "\n";
    if (const auto old = names(authority, "old_certificate"); !old.empty())
        out += paint(Color::yellow, "without a certificate of the new CA: " + old) + "\n";
    return out + next_step(authority);
}

Result<json::object> current(client::Client& client) {
    return ask(client, client::get(client::target({"authority"})));
}

void print_authority(const Arguments& arguments, const json::object& authority) {
    if (!print_document(arguments, authority))
        print(authority_text(authority, Painter::from(arguments)));
}

Result<void> show(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto authority = current(*client);
    if (!authority)
        return std::unexpected(authority.error());
    print_authority(arguments, *authority);
    return {};
}

Result<std::chrono::seconds> patience(const Arguments& arguments) {
    if (!arguments.has("--wait"))
        return std::chrono::seconds(0);
    const auto text = arguments.get("--wait");
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    if (!digits || text.size() > 5 || std::stoi(text) == 0)
        return std::unexpected(
            Error{Exit::usage, "--wait takes a number of seconds, 1 to 99999: --wait 60"});
    return std::chrono::seconds(std::stoi(text));
}

bool all_there_have_followed(const json::object& authority) {
    return std::ranges::all_of(stragglers,
                               [&](const char* list) { return connected(authority, list) == 0; });
}

// What the last look saw: all connected agents have followed.
Result<json::object> wait_for_agents(client::Client& client, std::chrono::seconds patience) {
    constexpr auto between_looks = std::chrono::milliseconds(500);
    const auto end = Clock::now() + patience;
    for (;;) {
        auto authority = current(client);
        if (!authority || all_there_have_followed(*authority))
            return authority;
        if (Clock::now() + between_looks > end)
            return std::unexpected(
                Error{Exit::failed,
                      fmt::format("the step is done, but after {} s {} connected agents have not "
                                  "followed; 'ringwall authority' shows who is left",
                                  patience.count(),
                                  std::max(connected(*authority, "unacknowledged"),
                                           connected(*authority, "old_certificate")))});
        std::this_thread::sleep_for(between_looks);
    }
}

// Without a key: a second time the step would be out of order, so none is sent.
Result<json::object> take(client::Client& client, const Arguments& arguments,
                          std::string_view step) {
    return ask(client, {.method = "POST",
                        .target = client::target({"authority", "rotation"}, dry_run(arguments)),
                        .body = json::object{{"step", step}}});
}

Result<void> rotate(const Arguments& arguments, std::string_view step) {
    const auto wait = patience(arguments);
    if (!wait)
        return std::unexpected(wait.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto authority = take(*client, arguments, step);
    if (authority && wait->count() > 0 && !arguments.has("--dry-run"))
        authority = wait_for_agents(*client, *wait);
    if (!authority)
        return std::unexpected(authority.error());
    print_authority(arguments, *authority);
    return {};
}

Result<void> announce(const Arguments& arguments) {
    return rotate(arguments, "announce");
}

Result<void> switch_issuer(const Arguments& arguments) {
    return rotate(arguments, "switch");
}

Result<void> retire(const Arguments& arguments) {
    return rotate(arguments, "retire");
}

constexpr std::array step_flags{
    Flag{"--dry-run", "", "say whether it could be done now, change nothing"},
    Flag{"--wait", "SECONDS", "until all connected agents have followed"}};

} // namespace

const Command authority_show_command{
    "authority show",
    "The controller's CAs, and which agents have followed a rotation",
    "  ringwall authority\n"
    "  ringwall authority -o json",
    "",
    {},
    show,
    Peer::controller};

const Command authority_announce_command{
    "authority announce",
    "Make a new CA and let every agent know it",
    "The old CA goes on issuing. Agents get the new trust bundle at once, or when they connect.\n\n"
    "  ringwall authority announce --wait 60",
    "",
    step_flags,
    announce,
    Peer::controller};

const Command authority_switch_command{
    "authority switch",
    "Let the new CA issue certificates",
    "Refused until every agent that is not revoked knows the new CA. Then the controller shows a\n"
    "certificate of the new CA, and agents renew theirs. Pairing lines of before count no longer.\n"
    "Give people the new ca.pem before this step.\n\n"
    "  ringwall authority switch --wait 60",
    "",
    step_flags,
    switch_issuer,
    Peer::controller};

const Command authority_retire_command{
    "authority retire",
    "Trust the old CA no longer",
    "Refused while an agent that is not revoked does not show a certificate of the new CA.\n\n"
    "  ringwall authority retire --wait 60",
    "",
    step_flags,
    retire,
    Peer::controller};

} // namespace ringwall::cli
