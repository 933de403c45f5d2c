// describe: one object, and what the fleet does with it.
#include <algorithm>
#include <array>
#include <ctime>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "control/cli/object_view.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"
#include "control/cli/yaml.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string agent_lines(client::Client& client, const std::string& name) {
    auto agent = ask(client, client::get(client::target({"agents", name})));
    if (!agent)
        return "Agent     none has paired under this name\n";
    return fmt::format(
        "Agent     {}, version {}, enforces version {}{}\n", text_at(*agent, "presence"),
        text_at(*agent, "version"), number_at(*agent, "provisioned"),
        text_at(*agent, "refused").empty() ? "" : ", refused: " + text_at(*agent, "refused"));
}

std::string force_line(client::Client& client, const Kind& kind, const json::object& draft) {
    const auto name = text_at(draft, "metadata.name");
    auto active =
        ask(client, client::get(client::target({kind.path, name}, {{"version", "active"}})));
    if (!active)
        return "In force  no: 'ringwall provision' puts it in force\n";
    return *at(*active, "spec") == *at(draft, "spec")
               ? "In force  yes\n"
               : "In force  with another content: 'ringwall diff' shows what is pending\n";
}

std::string indented(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        out += "  " + text.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return out;
}

std::string row_lines(const json::object& rules, const char* direction) {
    std::string out;
    for (const auto& row : rules.at(direction).as_array())
        out += fmt::format("  {}  ({} {})\n", text_at(row, "words"), text_at(row, "action"),
                           text_at(row, "rule"));
    return out + fmt::format("  {}\n", text_at(rules, std::string("otherwise.") + direction));
}

// What the version in force says of it.
std::string rule_lines(client::Client& client, const std::string& name) {
    auto rules = ask(client, client::get(client::target({"workloads", name, "rules"})));
    if (!rules)
        return "Rules     " + rules.error().message + "\n";
    return fmt::format("Inbound   by version {}, in mode {}\n{}Outbound\n{}",
                       number_at(*rules, "version"), text_at(*rules, "mode"),
                       row_lines(*rules, "inbound"), row_lines(*rules, "outbound"));
}

std::string description(client::Client& client, const Kind& kind, const json::object& document) {
    const auto now = std::time(nullptr);
    auto out = fmt::format(
        "Kind      {}\nName      {}\nRevision  {}\n"
        "Created   {} ({})\nChanged   {} ({})\n",
        kind.document, text_at(document, "metadata.name"), number_at(document, "metadata.revision"),
        text_at(document, "metadata.created"), age(text_at(document, "metadata.created"), now),
        text_at(document, "metadata.changed"), age(text_at(document, "metadata.changed"), now));
    if (kind.provisioned)
        out += force_line(client, kind, document);
    if (kind.singular == "workload")
        out += agent_lines(client, text_at(document, "metadata.name"));
    const auto* spec = at(document, "spec");
    out += "Spec\n" + (spec ? indented(yaml_text(*spec)) : "");
    if (kind.singular == "workload")
        out += rule_lines(client, text_at(document, "metadata.name"));
    return out;
}

Result<void> describe(const Arguments& arguments) {
    auto wanted = references(arguments.operands);
    if (!wanted)
        return std::unexpected(wanted.error());
    if (wanted->front().name.empty())
        return std::unexpected(
            Error{Exit::usage, "describe needs a name: 'ringwall describe workload web-1'"});
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto documents = fetch(*client, arguments, *wanted);
    if (!documents)
        return std::unexpected(documents.error());
    const auto format = format_of(arguments);
    if (format == Format::json || format == Format::yaml || format == Format::name) {
        show(arguments, *wanted, std::move(*documents));
        return {};
    }
    for (std::size_t i = 0; i < documents->size(); ++i)
        if (const auto* document = (*documents)[i].if_object())
            print((i ? "\n" : "") + description(*client, *(*wanted)[i].kind, *document));
    return {};
}

constexpr std::array describe_flags{
    Flag{"--version", "VERSION", "draft (default), active, or a number"}};

} // namespace

const Command describe_command{
    "describe",
    "One object, its state, and what the fleet does with it",
    "Of a workload also who may reach it and whom it may reach, by the version in force.\n\n"
    "  ringwall describe workload web-uk-1\n"
    "  ringwall describe ruleset/payments",
    "KIND [NAME...]",
    describe_flags,
    describe,
    Peer::controller};

} // namespace ringwall::cli
