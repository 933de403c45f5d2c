#include <algorithm>
#include <charconv>
#include <iostream>
#include <list>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/command.h"
#include "control/cli/words.h"

namespace ringwall::cli {
namespace {

constexpr const char* about = "Ringwall: micro-segmentation for Linux, enforced in the kernel.\n"
                              "Without a command: status.";
constexpr const char* afterwards =
    "Examples:\n"
    "  ringwall                                  what is enforced here\n"
    "  ringwall flows -f --verdict blocked       blocked connections as they happen\n"
    "  ringwall why --flow 5b1f0c2a9d3e4f60      which rule decided a flow\n"
    "  ringwall policy check /etc/ringwall/policy\n"
    "  ringwall pause --for 10m                  let everything pass for a while\n"
    "  ringwall apply -f policy/                 bring policy files into the controller's draft\n"
    "  ringwall provision -m CHG-1234            put the draft in force\n"
    "  ringwall why web-uk-1 app-uk-1 8080/tcp   ask the controller about both ends\n\n"
    "Every command knows --help. Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 5 forbidden,\n"
    "6 agent or controller unreachable, 7 invalid policy.";

// Where CLI11 writes what it reads; the tree outlives parsing.
struct Reader {
    const Command* command = nullptr;
    CLI::App* app = nullptr;
    std::list<std::vector<std::string>> values;
    std::list<bool> switches;
    std::vector<std::pair<std::string_view, std::vector<std::string>*>> options;
    std::vector<std::pair<std::string_view, bool*>> flags;
    std::vector<std::string> operands;
};

// Our operands may follow each other in ways that CLI11 has no words for: it sees one list.
class Help : public CLI::Formatter {
  public:
    explicit Help(std::string_view operand) : operand_(operand) {}
    std::string make_usage(const CLI::App*, std::string name) const override {
        return fmt::format("Usage: {} [OPTIONS]{}{}\n", name, operand_.empty() ? "" : " ",
                           operand_);
    }
    std::string make_positionals(const CLI::App*) const override { return {}; }

  private:
    std::string operand_;
};

void add_operands(Reader& reader, std::string_view spec) {
    constexpr std::size_t unlimited = CLI::detail::expected_max_vector_size;
    std::size_t least = 0, most = 0;
    std::string_view first;
    for (auto rest = spec; !rest.empty();) {
        const auto word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        least += !word.starts_with('[');
        most = word.find("...") != word.npos ? unlimited : most + 1;
        if (first.empty())
            first = word.substr(word.starts_with('['));
    }
    if (most == 0)
        return;
    most = std::min(most, unlimited);
    const std::string name(first.substr(0, first.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")));
    reader.app->add_option(name, reader.operands, "")
        ->expected(static_cast<int>(least), static_cast<int>(most))
        ->required(least > 0);
}

std::string_view group_of(Peer peer) {
    return peer == Peer::controller ? "Fleet, by the controller"
           : peer == Peer::nobody   ? "This account"
                                    : "This host";
}

void add_flag(Reader& reader, const Flag& flag) {
    const std::string names(flag.names), help(flag.help);
    if (flag.value.empty()) {
        auto& target = reader.switches.emplace_back(false);
        reader.app->add_flag(names, target, help);
        reader.flags.emplace_back(flag.long_name(), &target);
        return;
    }
    auto& target = reader.values.emplace_back();
    auto* option = reader.app->add_option(names, target, help);
    option->type_name(std::string(flag.value))->allow_extra_args(false)->expected(1);
    option->multi_option_policy(flag.list ? CLI::MultiOptionPolicy::TakeAll
                                          : CLI::MultiOptionPolicy::TakeLast);
    reader.options.emplace_back(flag.long_name(), &target);
}

CLI::App* parent_of(CLI::App& root, std::string_view first) {
    for (auto* known : root.get_subcommands({}))
        if (known->get_name() == first)
            return known;
    auto* group = root.add_subcommand(std::string(first), std::string(group_summary(first)));
    group->require_subcommand(1);
    return group;
}

void add_command(CLI::App& root, const Command& command, Reader& reader) {
    const auto space = command.name.find(' ');
    auto* parent =
        space == command.name.npos ? &root : parent_of(root, command.name.substr(0, space));
    const auto leaf = command.name.substr(space == command.name.npos ? 0 : space + 1);
    reader.command = &command;
    reader.app = parent->add_subcommand(std::string(leaf), std::string(command.summary));
    reader.app->footer(std::string(command.details));
    reader.app->formatter(std::make_shared<Help>(command.operand));
    (parent == &root ? reader.app : parent)->group(std::string(group_of(command.peer)));
    add_operands(reader, command.operand);
    for (const auto& table : flags_of(command))
        for (const auto& flag : table)
            add_flag(reader, flag);
}

Arguments arguments_of(const Reader& reader) {
    Arguments out;
    out.operands = reader.operands;
    if (!out.operands.empty())
        out.operand = out.operands.front();
    for (const auto& [name, values] : reader.options)
        if (!values->empty())
            out.put(name, *values);
    for (const auto& [name, on] : reader.flags)
        if (*on)
            out.put(name, {});
    return out;
}

bool one_of(const std::string& value, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), value) != words.end();
}

std::string wrong_common(const Arguments& arguments, const Command& command) {
    const auto format = arguments.get("--output", "table");
    const auto peer = command.peer;
    const auto& more = command.more_formats;
    if (std::ranges::find(more, format) != more.end())
        return {};
    if (!more.empty() && !one_of(format, {"table", "json", "yaml"}))
        return fmt::format("--output takes table, json, yaml, {}", fmt::join(more, ", "));
    if (peer == Peer::agent && !one_of(format, {"table", "json", "jsonl"}))
        return "--output takes table, json or jsonl";
    if (peer == Peer::controller && !one_of(format, {"table", "wide", "json", "yaml", "name"}))
        return "--output takes table, wide, json, yaml or name";
    if (!one_of(format, {"table", "wide", "json", "jsonl", "yaml", "name"}))
        return "--output takes table, json, jsonl or yaml";
    if (!one_of(arguments.get("--color", "auto"), {"auto", "always", "never"}))
        return "--color takes auto, always or never";
    return {};
}

} // namespace

void Arguments::put(std::string_view long_name, std::vector<std::string> values) {
    values_.insert_or_assign(std::string(long_name), std::move(values));
}

const std::vector<std::string>& Arguments::all(std::string_view long_name) const {
    static const std::vector<std::string> none;
    const auto found = values_.find(long_name);
    return found == values_.end() ? none : found->second;
}

std::string Arguments::get(std::string_view long_name, std::string_view otherwise) const {
    const auto& values = all(long_name);
    return values.empty() ? std::string(otherwise) : values.back();
}

bool Arguments::json() const {
    const auto format = get("--output", "table");
    return format == "json" || format == "jsonl";
}

Parsed parse(int argc, const char* const* argv) {
    CLI::App app(about, "ringwall");
    app.footer(afterwards);
    app.require_subcommand(1);
    app.set_version_flag("--version", "ringwall " RINGWALL_VERSION);
    std::list<Reader> readers;
    for (const auto& command : commands())
        add_command(app, command, readers.emplace_back());
    Parsed parsed;
    try {
        auto words = words_of(argc, argv);
        std::reverse(words.begin(), words.end());
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        if (code != 0)
            fmt::print(stderr, "{}", hint(argc, argv));
        parsed.exit = code == 0 ? 0 : static_cast<int>(Exit::usage);
        return parsed;
    }
    for (const auto& reader : readers) {
        if (!reader.app->parsed())
            continue;
        parsed.command = reader.command;
        parsed.arguments = arguments_of(reader);
    }
    if (auto wrong = wrong_common(parsed.arguments, *parsed.command); !wrong.empty()) {
        fmt::print(stderr, "ringwall: {}\n", wrong);
        return {nullptr, {}, static_cast<int>(Exit::usage)};
    }
    return parsed;
}

Result<std::uint32_t> parse_duration(std::string_view text) {
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(stop, static_cast<std::size_t>(text.data() + text.size() - stop));
    const std::uint32_t factor = unit == "s"   ? 1
                                 : unit == "m" ? 60
                                 : unit == "h" ? 3600
                                 : unit == "d" ? 86400
                                               : 0;
    if (error != std::errc{} || factor == 0 || number == 0 || number > 100'000'000 / factor)
        return std::unexpected(
            Error{Exit::usage, fmt::format("'{}' is not a duration: write for example 90s, 10m, 2h "
                                           "or 1d",
                                           text)});
    return number * factor;
}

} // namespace ringwall::cli
