// provision and rollback: what makes a version.
#include <array>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/plan_text.h"
#include "control/cli/provision_request.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

// The newest version there is, so that nobody's version in between is built upon unseen.
Result<std::uint64_t> newest(client::Client& client) {
    auto page = ask(client, client::get(client::target({"versions"}, {{"limit", "1"}})));
    if (!page)
        return std::unexpected(page.error());
    const auto* items = page->if_contains("items");
    const bool any = items && items->is_array() && !items->get_array().empty();
    return any ? static_cast<std::uint64_t>(number_at(items->get_array()[0], "number")) : 0;
}

// Exactly what was shown: each change with the revision that the draft had.
Result<void> pin_revisions(client::Client& client, const json::object& plan, json::object& body) {
    auto diff = ask(client, client::get(client::target({"diff"})));
    if (!diff)
        return std::unexpected(diff.error());
    std::map<std::string, std::int64_t> revisions;
    if (const auto* changes = diff->if_contains("changes"); changes && changes->is_array())
        for (const auto& change : changes->get_array())
            revisions[short_name(change)] = number_at(change, "revision");
    json::array objects;
    if (const auto* changes = plan.if_contains("changes"); changes && changes->is_array())
        for (const auto& change : changes->get_array())
            objects.push_back(json::object{{"kind", text_at(change, "kind")},
                                           {"name", text_at(change, "name")},
                                           {"revision", revisions[short_name(change)]}});
    if (!objects.empty())
        body["objects"] = std::move(objects);
    return {};
}

std::string plan_text(const json::object& plan, const Painter& paint) {
    return changes_text(plan, paint) + fmt::format("{}, the policy of {} changes\n",
                                                   counted(list_size(plan, "changes"), "object"),
                                                   counted(list_size(plan, "agents"), "agent"));
}

void show_done(const Arguments& arguments, const json::object& done) {
    if (print_document(arguments, done))
        return;
    const auto version = number_at(done, "version");
    print(fmt::format("version {}: {}, {} concerned\n", version,
                      counted(list_size(done, "changes"), "object"),
                      counted(list_size(done, "agents"), "agent")));
    if (arguments.has("--first") || arguments.has("--percent"))
        print("it goes to the canaries first: 'ringwall rollout --watch' shows them, 'ringwall "
              "proceed' gives it to the rest, 'ringwall abort' takes it back\n");
    else if (arguments.has("--confirm-within"))
        print(
            fmt::format("confirm it within {} with 'ringwall confirm', else every agent goes back "
                        "by itself\n",
                        arguments.get("--confirm-within")));
}

Result<json::object> plan_of(client::Client& client, std::string_view path,
                             const json::object& body) {
    auto plan =
        ask(client, client::write("POST", client::target({path}, {{"dry_run", "true"}}), body));
    if (plan)
        show_warnings(*plan);
    return plan;
}

// True: go on.
Result<bool> reviewed(const Arguments& arguments, const json::object& plan) {
    const bool dry = arguments.has("--dry-run");
    if (dry && print_document(arguments, plan))
        return false;
    const auto text = plan_text(plan, Painter::from(arguments));
    if (dry) {
        print(text);
        return false;
    }
    fmt::print(stderr, "{}", text);
    return agreed(arguments, "Put this in force?");
}

Result<void> perform(client::Client& client, const Arguments& arguments, std::string_view path,
                     json::object body) {
    auto done = ask(client, client::write("POST", client::target({path}), std::move(body)));
    if (!done)
        return std::unexpected(done.error());
    if (arguments.has("--yes"))
        show_warnings(*done);
    show_done(arguments, *done);
    return {};
}

Result<void> provision(const Arguments& arguments) {
    auto body = provision_request(arguments);
    if (!body)
        return std::unexpected(body.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const bool at_once = arguments.has("--yes") && !arguments.has("--dry-run");
    if (at_once)
        return perform(*client, arguments, "provision", std::move(*body));
    const auto base = newest(*client);
    if (!base)
        return std::unexpected(base.error());
    (*body)["base"] = *base;
    auto plan = plan_of(*client, "provision", *body);
    if (!plan)
        return std::unexpected(plan.error());
    if (!arguments.has("--dry-run"))
        if (auto pinned = pin_revisions(*client, *plan, *body); !pinned)
            return pinned;
    auto go = reviewed(arguments, *plan);
    if (!go || !*go)
        return go ? Result<void>() : std::unexpected(go.error());
    return perform(*client, arguments, "provision", std::move(*body));
}

Result<void> rollback(const Arguments& arguments) {
    auto request = rollback_request(arguments);
    if (!request)
        return std::unexpected(request.error());
    auto& body = *request;
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    if (!arguments.has("--yes") || arguments.has("--dry-run")) {
        const auto base = newest(*client);
        if (!base)
            return std::unexpected(base.error());
        body["base"] = *base;
        auto plan = plan_of(*client, "rollback", body);
        if (!plan)
            return std::unexpected(plan.error());
        auto go = reviewed(arguments, *plan);
        if (!go || !*go)
            return go ? Result<void>() : std::unexpected(go.error());
    }
    return perform(*client, arguments, "rollback", std::move(body));
}

constexpr Flag message{"-m,--message", "TEXT", "a note that stays with the version"};
constexpr Flag git{"--git", "", "note the current commit of the work tree here"};
constexpr Flag within{"--confirm-within", "DURATION",
                      "agents go back by themselves unless it is confirmed in this time"};
constexpr Flag dry{"--dry-run", "", "show what would change, change nothing"};
constexpr Flag yes{"-y,--yes", "", "do not ask"};
constexpr std::array provision_flags{
    message,
    git,
    within,
    Flag{"--first", "QUERY", "at first only agents whose labels the query selects"},
    Flag{"--percent", "N", "at first only this share of them, at least one"},
    Flag{"--max-blocks", "N", "so many blocked flows among the first take it back"},
    dry,
    yes};
constexpr std::array rollback_flags{message, git, within, dry, yes};

} // namespace

const Command provision_command{
    "provision",
    "Put the draft, or parts of it, in force",
    "Shows what changes for whom and asks; what was shown is what is provisioned. Objects that the\n"
    "chosen ones need come along.\n\n"
    "  ringwall provision -m CHG-1234 --confirm-within 120s\n"
    "  ringwall provision ruleset/payments --git --yes\n"
    "  ringwall provision --first 'env=Production' --percent 5 --max-blocks 10",
    "[KIND/NAME...]",
    provision_flags,
    provision,
    Peer::controller};

const Command rollback_command{
    "rollback",
    "Put the content of an earlier version in force again",
    "It becomes the newest version, and the draft becomes the same. Labels, addresses and modes\n"
    "stay as they are.\n\n"
    "  ringwall versions\n"
    "  ringwall rollback 6 -m 'the change of today broke the shop'",
    "VERSION",
    rollback_flags,
    rollback,
    Peer::controller};

} // namespace ringwall::cli
