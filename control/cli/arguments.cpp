#include <charconv>
#include <iostream>
#include <list>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "control/cli/command.h"

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
    "  ringwall pause --for 10m                  let everything pass for a while\n\n"
    "Every command knows --help. Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 5 forbidden,\n"
    "6 agent unreachable, 7 invalid policy.";

// Where CLI11 writes what it reads; the tree outlives parsing.
struct Reader {
    const Command* command = nullptr;
    CLI::App* app = nullptr;
    std::list<std::vector<std::string>> values;
    std::list<bool> switches;
    std::vector<std::pair<std::string_view, std::vector<std::string>*>> options;
    std::vector<std::pair<std::string_view, bool*>> flags;
    std::string operand;
};

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
    auto* group = root.add_subcommand(std::string(first), "Look at policy files");
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
    if (!command.operand.empty()) {
        const bool optional = command.operand.starts_with('[');
        const std::string name(optional ? command.operand.substr(1, command.operand.size() - 2)
                                        : command.operand);
        auto* operand = reader.app->add_option(name, reader.operand, "");
        operand->type_name("")->required(!optional);
    }
    for (const auto& flag : command.flags)
        add_flag(reader, flag);
    for (const auto& flag : common_flags())
        add_flag(reader, flag);
}

Arguments arguments_of(const Reader& reader) {
    Arguments out;
    out.operand = reader.operand;
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

std::string wrong_common(const Arguments& arguments) {
    if (!one_of(arguments.get("--output", "table"), {"table", "json", "jsonl"}))
        return "--output takes table, json or jsonl";
    if (!one_of(arguments.get("--color", "auto"), {"auto", "always", "never"}))
        return "--color takes auto, always or never";
    return {};
}

// How many words the common flag at the front takes; 0: it is none.
std::size_t width_of(std::string_view word) {
    for (const auto& flag : common_flags())
        for (auto names = flag.names; !names.empty();) {
            const auto name = names.substr(0, names.find(','));
            names.remove_prefix(std::min(name.size() + 1, names.size()));
            if (word == name)
                return flag.value.empty() ? 1 : 2;
            const bool is_long = name.starts_with("--");
            if (!flag.value.empty() && word.starts_with(name) &&
                (!is_long || word[name.size()] == '='))
                return 1; // --socket=PATH, -ojson
        }
    return 0;
}

bool is_command(const std::string& name) {
    return std::ranges::any_of(commands(), [&](const auto& each) { return each.name == name; });
}

// `ringwall --socket PATH policy check X` means `ringwall policy check --socket PATH X`.
bool move_behind_command(std::vector<std::string>& words) {
    std::size_t flags = 0;
    while (flags < words.size() && width_of(words[flags]))
        flags += width_of(words[flags]);
    if (flags >= words.size() || words[flags].starts_with('-'))
        return false;
    const bool two = flags + 1 < words.size() && is_command(words[flags] + " " + words[flags + 1]);
    const auto command = words.begin() + static_cast<std::ptrdiff_t>(flags);
    std::rotate(words.begin(), command, command + (two ? 2 : 1));
    return true;
}

// Said when reading fails: what to write instead, empty when that is not known.
std::string hint(int argc, const char* const* argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto command = std::ranges::find_if(words, is_command);
    if (words.empty() || !words[0].starts_with('-') || command == words.end())
        return {};
    return fmt::format("ringwall: {} goes behind the command: ringwall {} {} ...\n", words[0],
                       *command, words[0]);
}

// `ringwall`, `ringwall -o json`: the default command, unless help or version is asked for.
std::vector<std::string> words_of(int argc, const char* const* argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (move_behind_command(words))
        return words;
    const bool bare = words.empty() || (words[0].starts_with('-') &&
                                        !one_of(words[0], {"-h", "--help", "--version"}));
    if (bare)
        words.insert(words.begin(), "status");
    return words;
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
    return get("--output", "table") != "table";
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
    if (auto wrong = wrong_common(parsed.arguments); !wrong.empty()) {
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
