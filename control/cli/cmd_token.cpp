// Tokens of people and programs.
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "common/pki/key_file.h"
#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<void> list(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto tokens = all_items(*client, "tokens");
    if (!tokens)
        return std::unexpected(tokens.error());
    const auto total = tokens->size();
    if (print_document(arguments, json::object{{"items", *tokens}, {"total", total}}))
        return {};
    const bool wide = format_of(arguments) == Format::wide;
    print(table_of(**kind_named("token"), *tokens, wide, Painter::from(arguments),
                   std::time(nullptr)));
    return {};
}

// "app=Payments" "env=Production" "env=Staging" -> {app: [Payments], env: [Production, Staging]}
Result<json::object> scope_of(const std::vector<std::string>& parts) {
    json::object scope;
    for (const auto& part : parts) {
        const auto equals = part.find('=');
        if (equals == part.npos || equals == 0)
            return std::unexpected(
                Error{Exit::usage, fmt::format("--scope takes KEY=VALUE, not '{}'", part)});
        auto& values = scope[part.substr(0, equals)];
        if (!values.is_array())
            values = json::array{};
        values.as_array().push_back(json::string(part.substr(equals + 1)));
    }
    return scope;
}

std::string time_after(std::uint32_t seconds) {
    const auto then = std::time(nullptr) + static_cast<std::time_t>(seconds);
    std::tm utc{};
    gmtime_r(&then, &utc);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

Result<json::object> request_of(const Arguments& arguments) {
    if (!arguments.has("--role"))
        return std::unexpected(
            Error{Exit::usage, "give --role: viewer, editor, provisioner, admin or owner"});
    json::object body{{"name", arguments.operand}, {"role", arguments.get("--role")}};
    if (arguments.has("--user"))
        body["user"] = arguments.get("--user");
    if (arguments.has("--scope")) {
        auto scope = scope_of(arguments.all("--scope"));
        if (!scope)
            return scope;
        body["scope"] = std::move(*scope);
    }
    if (arguments.has("--expires")) {
        const auto seconds = parse_duration(arguments.get("--expires"));
        if (!seconds)
            return std::unexpected(seconds.error());
        body["expires"] = time_after(*seconds);
    }
    return body;
}

Result<void> create(const Arguments& arguments) {
    auto body = request_of(arguments);
    if (!body)
        return std::unexpected(body.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto issued = ask(*client, {.method = "POST",
                                .target = client::target({"tokens"}, dry_run(arguments)),
                                .body = std::move(*body)});
    if (!issued)
        return std::unexpected(issued.error());
    if (arguments.has("--dry-run")) {
        print_edits(*issued, arguments, {.dry = true, .details = false});
        return {};
    }
    if (arguments.has("--out")) {
        const auto path = arguments.get("--out");
        if (auto saved = pki::save_secret(path, text_at(*issued, "secret") + "\n"); !saved)
            return std::unexpected(
                Error{Exit::failed, fmt::format("{}; token {} was made, but its secret is lost: "
                                                "revoke it and make another",
                                                saved.error().message, arguments.operand)});
        fmt::print(stderr, "token {} is in {}\n", arguments.operand, path);
    } else if (!print_document(arguments, *issued)) {
        print(text_at(*issued, "secret") + "\n");
        fmt::print(stderr, "it is shown this once: keep it where only its user can read it\n");
    }
    return {};
}

Result<void> revoke(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer =
        ask(*client, client::write("DELETE", client::target({"tokens", arguments.operand})));
    if (!answer)
        return std::unexpected(answer.error());
    print_edits(*answer, arguments, {});
    return {};
}

constexpr std::array create_flags{
    Flag{"--role", "ROLE", "viewer, editor, provisioner, admin or owner"},
    Flag{"--user", "NAME", "it has at most this user's rights"},
    Flag{"--scope", "KEY=VALUE", "only for what carries this label; may be repeated", true},
    Flag{"--expires", "DURATION", "worth nothing after this time: 12h, 30d"},
    Flag{"--out", "FILE", "write it here (mode 0600) in place of the terminal"},
    Flag{"--dry-run", "", "let the controller judge, make none"}};

} // namespace

const Command token_list_command{"token list", "The tokens there are", "", "", {},
                                 list,         Peer::controller};

const Command token_create_command{
    "token create",
    "Make a token; its secret is shown once",
    "  ringwall token create ci --role provisioner --scope env=Production --expires 90d --out ci.token",
    "NAME",
    create_flags,
    create,
    Peer::controller};

const Command token_revoke_command{"token revoke",
                                   "Let a token be worth nothing any more",
                                   "  ringwall token revoke ci",
                                   "NAME",
                                   {},
                                   revoke,
                                   Peer::controller};

} // namespace ringwall::cli
