#include "control/cli/words.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/cli/command.h"

namespace ringwall::cli {
namespace {

// How many words the common flag at the front takes; 0: it is none.
std::size_t width_of(std::string_view word, const Flag& flag) {
    for (auto names = flag.names; !names.empty();) {
        const auto name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        if (word == name)
            return flag.value.empty() ? 1 : 2;
        const bool is_long = name.starts_with("--");
        if (!flag.value.empty() && word.starts_with(name) && (!is_long || word[name.size()] == '='))
            return 1; // --socket=PATH, -ojson
    }
    return 0;
}

std::size_t width_of(std::string_view word) {
    for (const auto& table : common_flags(Peer::both))
        for (const auto& flag : table)
            if (const auto width = width_of(word, flag))
                return width;
    return 0;
}

// The first command of a group; empty: that is no group.
std::string_view default_of(const std::string& group) {
    for (const auto& command : commands())
        if (command.name.starts_with(group + " "))
            return command.name.substr(group.size() + 1);
    return {};
}

bool asks_for_help(const std::string& word) {
    return word == "-h" || word == "--help";
}

// `ringwall agents -o json` means `ringwall agents list -o json`.
void complete_group(std::vector<std::string>& words) {
    if (words.empty() ||
        (words.size() > 1 && (!words[1].starts_with('-') || asks_for_help(words[1]))))
        return;
    if (const auto leaf = default_of(words[0]); !leaf.empty())
        words.insert(words.begin() + 1, std::string(leaf));
}

bool is_command(const std::string& name) {
    return std::ranges::any_of(commands(), [&](const auto& each) { return each.name == name; });
}

// `ringwall --socket PATH policy check X` means `ringwall policy check --socket PATH X`.
void move_behind_command(std::vector<std::string>& words) {
    std::size_t flags = 0;
    while (flags < words.size() && width_of(words[flags]))
        flags += width_of(words[flags]);
    if (flags == 0 || flags >= words.size() || words[flags].starts_with('-'))
        return;
    const bool two = flags + 1 < words.size() && is_command(words[flags] + " " + words[flags + 1]);
    const auto command = words.begin() + static_cast<std::ptrdiff_t>(flags);
    std::rotate(words.begin(), command, command + (two ? 2 : 1));
}

} // namespace

std::string hint(int argc, const char* const* argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto command = std::ranges::find_if(words, is_command);
    if (words.empty() || !words[0].starts_with('-') || command == words.end())
        return {};
    return fmt::format("ringwall: {} goes behind the command: ringwall {} {} ...\n", words[0],
                       *command, words[0]);
}

std::vector<std::string> words_of(int argc, const char* const* argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    move_behind_command(words);
    complete_group(words);
    const bool bare = words.empty() || (words[0].starts_with('-') && !asks_for_help(words[0]) &&
                                        words[0] != "--version");
    if (bare)
        words.insert(words.begin(), "status");
    return words;
}

} // namespace ringwall::cli
