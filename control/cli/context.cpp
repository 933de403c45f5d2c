#include "control/cli/context.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "common/pki/key_file.h"
#include "control/cli/yaml.h"
#include "control/policy/fields.h"
#include "control/policy/load.h"
#include "control/policy/node.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;
using policy::Node;

const std::array<std::pair<const char*, std::string Context::*>, 5> members{
    {{"name", &Context::name},
     {"server", &Context::server},
     {"ca", &Context::ca},
     {"token", &Context::token},
     {"token_file", &Context::token_file}}};

Context context_of(policy::Context& context, const Node& node) {
    const policy::Fields fields(context, node, "a context",
                                "{name: prod, server: https://controller.example:8443}",
                                {"name", "server", "ca", "token", "token_file"});
    Context out;
    for (const auto& [key, member] : members)
        if (const Node* value = fields.find(key))
            out.*member = policy::text(context, *value, key).value_or("");
    fields.require("name", "name: prod");
    fields.require("server", "server: https://controller.example:8443");
    if (!out.token.empty() && !out.token_file.empty())
        context.error(node, "a context has a token or a token_file; remove one of them");
    return out;
}

void read_config(policy::Context& context, const Node& document, Config& out) {
    const policy::Fields fields(context, document, "the configuration", "contexts and current",
                                {"contexts", "current"});
    if (const Node* list = fields.find("contexts"); list && list->kind == Node::Kind::sequence)
        for (const Node& item : list->items) {
            auto one = context_of(context, item);
            if (out.find(one.name))
                context.error(item,
                              fmt::format("there are two contexts \"{}\"; rename one", one.name));
            out.contexts.push_back(std::move(one));
        }
    else if (list)
        context.error(*list, "contexts must be a list");
    if (const Node* current = fields.find("current"))
        out.current = policy::text(context, *current, "current").value_or("");
}

} // namespace

const Context* Config::find(std::string_view name) const {
    const auto found = std::ranges::find(contexts, name, &Context::name);
    return found == contexts.end() ? nullptr : &*found;
}

Context* Config::find(std::string_view name) {
    const auto found = std::ranges::find(contexts, name, &Context::name);
    return found == contexts.end() ? nullptr : &*found;
}

Environment process_environment() {
    return [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
}

std::string config_path(const Environment& environment) {
    if (auto given = environment("RINGWALL_CONFIG"); !given.empty())
        return given;
    const auto home = environment("HOME");
    return home.empty() ? std::string() : home + "/.config/ringwall/config.yaml";
}

Result<Config> parse_config(std::string_view text, const std::string& path) {
    std::vector<model::Problem> problems;
    const auto documents = policy::parse(text, path, problems);
    policy::Context context(path, problems);
    Config out;
    if (documents.size() > 1)
        context.error(documents[1], "a second document stands here; the configuration is one");
    if (!documents.empty() && documents[0].kind != Node::Kind::null)
        read_config(context, documents[0], out);
    if (problems.empty())
        return out;
    std::string all;
    for (const auto& problem : problems)
        all += (all.empty() ? "" : "\n") + policy::line(problem);
    return std::unexpected(Error{Exit::invalid, std::move(all)});
}

std::string config_text(const Config& config) {
    json::array contexts;
    for (const auto& context : config.contexts) {
        json::object one;
        for (const auto& [key, member] : members)
            if (!(context.*member).empty())
                one[key] = context.*member;
        contexts.push_back(std::move(one));
    }
    json::object all;
    if (!config.current.empty())
        all["current"] = config.current;
    if (!contexts.empty())
        all["contexts"] = std::move(contexts);
    return all.empty() ? std::string() : yaml_text(all);
}

Result<Config> load_config(const std::string& path) {
    struct stat status{};
    if (path.empty() || (stat(path.c_str(), &status) < 0 && errno == ENOENT))
        return Config{};
    auto text = pki::load_secret(path);
    if (!text)
        return std::unexpected(Error{Exit::forbidden, text.error().message});
    return parse_config(*text, path);
}

Result<void> save_config(const std::string& path, const Config& config) {
    if (path.empty())
        return std::unexpected(Error{
            Exit::usage, "neither RINGWALL_CONFIG nor HOME is set: where is the file to go?"});
    const auto folder = std::filesystem::path(path).parent_path();
    std::error_code code;
    if (!folder.empty() && std::filesystem::create_directories(folder, code))
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
    if (auto saved = pki::save_secret(path, config_text(config)); !saved)
        return std::unexpected(Error{Exit::failed, saved.error().message});
    return {};
}

} // namespace ringwall::cli
