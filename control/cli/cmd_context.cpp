// Contexts: the controllers this account knows.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/context.h"
#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/model/nearest.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

// Reads, changes, writes.
template <typename Change>
Result<void> change_config(Change change) {
    const auto path = config_path(process_environment());
    auto config = load_config(path);
    if (!config)
        return std::unexpected(config.error());
    if (Result<void> changed = change(*config); !changed)
        return changed;
    return save_config(path, *config);
}

std::unexpected<Error> unknown(const Config& config, const std::string& name) {
    std::vector<std::string> known;
    for (const auto& context : config.contexts)
        known.push_back(context.name);
    return std::unexpected(
        Error{Exit::not_found,
              fmt::format("there is no context \"{}\"; {}", name,
                          model::did_you_mean(name, known, "'ringwall context list' shows them"))});
}

std::string token_text(const Context& context) {
    return !context.token.empty()       ? "kept here"
           : context.token_file.empty() ? "-"
                                        : context.token_file;
}

Result<void> list(const Arguments& arguments) {
    auto config = load_config(config_path(process_environment()));
    if (!config)
        return std::unexpected(config.error());
    json::array items;
    std::vector<Row> rows;
    for (const auto& context : config->contexts) {
        const bool current = context.name == config->current;
        rows.push_back({current ? "*" : "", context.name, context.server,
                        context.ca.empty() ? "-" : context.ca, token_text(context)});
        items.push_back(json::object{{"name", context.name},
                                     {"server", context.server},
                                     {"ca", context.ca},
                                     {"token_file", context.token_file},
                                     {"current", current}});
    }
    if (print_document(arguments, json::object{{"items", std::move(items)}}))
        return {};
    print(
        table_of({"", "NAME", "SERVER", "CA", "TOKEN"}, std::move(rows), Painter::from(arguments)));
    return {};
}

Result<void> use(const Arguments& arguments) {
    const auto& name = arguments.operand;
    auto done = change_config([&](Config& config) -> Result<void> {
        if (!config.find(name))
            return unknown(config, name);
        config.current = name;
        return {};
    });
    if (done)
        fmt::print(stderr, "commands go to {} now\n", name);
    return done;
}

// A fingerprint stays what it is; a file is remembered with its whole path.
Result<std::string> kept_ca(const std::string& ca) {
    auto trust = checked(client::load_trust(ca));
    if (!trust)
        return std::unexpected(trust.error());
    return trust->fingerprint.empty() ? std::filesystem::absolute(ca).string()
                                      : "sha256:" + trust->fingerprint;
}

std::string token_from_stdin() {
    std::string token;
    if (isatty(STDIN_FILENO))
        fmt::print(stderr, "token: ");
    std::getline(std::cin, token);
    return token;
}

Result<void> fill(Context& context, const Arguments& arguments) {
    if (arguments.has("--server")) {
        const auto endpoint = checked(client::parse_endpoint(arguments.get("--server")));
        if (!endpoint)
            return std::unexpected(endpoint.error());
        context.server = endpoint->text();
    }
    if (arguments.has("--ca")) {
        auto ca = kept_ca(arguments.get("--ca"));
        if (!ca)
            return std::unexpected(ca.error());
        context.ca = std::move(*ca);
    }
    if (arguments.has("--token-file")) {
        context.token_file = std::filesystem::absolute(arguments.get("--token-file")).string();
        context.token.clear();
    } else if (arguments.has("--token-stdin")) {
        context.token = token_from_stdin();
        context.token_file.clear();
    }
    if (context.server.empty())
        return std::unexpected(Error{Exit::usage, "a new context needs --server"});
    return {};
}

Result<void> set(const Arguments& arguments) {
    const auto& name = arguments.operand;
    return change_config([&](Config& config) -> Result<void> {
        auto* known = config.find(name);
        Context context = known ? *known : Context{.name = name};
        if (auto filled = fill(context, arguments); !filled)
            return filled;
        if (known)
            *known = std::move(context);
        else
            config.contexts.push_back(std::move(context));
        if (config.current.empty())
            config.current = name;
        return {};
    });
}

Result<void> remove(const Arguments& arguments) {
    const auto& name = arguments.operand;
    return change_config([&](Config& config) -> Result<void> {
        if (std::erase_if(config.contexts,
                          [&](const Context& each) { return each.name == name; }) == 0)
            return unknown(config, name);
        if (config.current == name)
            config.current.clear();
        return {};
    });
}

constexpr std::array set_flags{
    Flag{"--server", "URL", "https://HOST[:PORT], default port 8443"},
    Flag{"--ca", "FILE", "PEM file of the controller's CA, or the CA's SHA-256 fingerprint"},
    Flag{"--token-file", "FILE", "where the token is; only its owner may read it"},
    Flag{"--token-stdin", "", "read the token from standard input and keep it in the file"}};

} // namespace

const Command context_list_command{
    "context list", "The controllers this account knows", "", "", {}, list, Peer::nobody};

const Command context_use_command{"context use",
                                  "Let commands go to another controller",
                                  "  ringwall context use prod",
                                  "NAME",
                                  {},
                                  use,
                                  Peer::nobody};

const Command context_set_command{
    "context set",
    "Make or change a context",
    "Kept in ~/.config/ringwall/config.yaml (RINGWALL_CONFIG names another file), mode 0600. The\n"
    "first context becomes the current one.\n\n"
    "  ringwall context set prod --server https://controller.example:8443 --ca ca.pem "
    "--token-file ~/.ringwall-token\n"
    "  ringwall context set prod --token-stdin < token",
    "NAME",
    set_flags,
    set,
    Peer::nobody};

const Command context_delete_command{"context delete", "Forget a context", "", "NAME", {},
                                     remove,           Peer::nobody};

} // namespace ringwall::cli
