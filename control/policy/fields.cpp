#include "control/policy/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "common/time.h"
#include "control/model/nearest.h"

namespace ringwall::policy {
namespace {

constexpr std::size_t longest_text = 255;

const char* kind_name(const Node& node) {
    switch (node.kind) {
    case Node::Kind::sequence:
        return "a list";
    case Node::Kind::mapping:
        return "a mapping";
    case Node::Kind::text:
        return "text";
    default:
        return "nothing";
    }
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

bool reads_as_boolean(std::string_view word) {
    static constexpr std::array words{"y", "n", "yes", "no", "on", "off", "true", "false"};
    return std::ranges::find(words, lower(word)) != words.end();
}

bool all_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool has_digit(std::string_view text) {
    return text.find_first_of("0123456789") != std::string_view::npos;
}

// Decimal, octal, hexadecimal, binary, sexagesimal, float, infinity: whatever YAML 1.1 or 1.2 says.
bool reads_as_number(std::string_view word) {
    std::string text = lower(word);
    if (!text.empty() && (text[0] == '+' || text[0] == '-'))
        text.erase(0, 1);
    if (text == ".inf" || text == ".nan")
        return true;
    if (text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o"))
        return text.size() > 2 && all_of(std::string_view(text).substr(2), "0123456789abcdef_");
    if (!has_digit(text) || !(std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '.'))
        return false;
    if (all_of(text, "0123456789_:") || all_of(text, "0123456789_."))
        return std::ranges::count(text, '.') <= 1;
    const auto exponent = text.find('e');
    return exponent != std::string::npos && exponent > 0 &&
           all_of(std::string_view(text).substr(0, exponent), "0123456789.") &&
           has_digit(std::string_view(text).substr(exponent)) &&
           all_of(std::string_view(text).substr(exponent + 1), "0123456789+-");
}

bool printable(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::optional<std::string> checked_text(Context& context, const Node& node,
                                        const std::string& what) {
    const std::string& text = node.text;
    if (text.empty())
        context.error(node, what + " is empty; write a word or leave it out");
    else if (text.size() > longest_text)
        context.error(node,
                      fmt::format("{} is longer than {} bytes; shorten it", what, longest_text));
    else if (!printable(text) || text.front() == ' ' || text.back() == ' ')
        context.error(node, what + " begins or ends with a space, or has line ends or control "
                                   "characters; remove them");
    else
        return text;
    return std::nullopt;
}

bool is_text(Context& context, const Node& node, const std::string& what) {
    if (node.kind == Node::Kind::text)
        return true;
    if (node.kind != Node::Kind::broken)
        context.error(node, fmt::format("{} must be text, not {}; write one word or a quoted text",
                                        what, kind_name(node)));
    return false;
}

std::string words_text(std::initializer_list<std::string_view> words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::vector<std::string> copies(std::initializer_list<std::string_view> words) {
    return {words.begin(), words.end()};
}

} // namespace

Place Context::place(const Node& node) const {
    if (!pointers_)
        return {file_, node.line, node.column};
    return {file_ + "#" + pointers_->at(static_cast<std::size_t>(node.line) - 1), 0, 0};
}

void Context::error(const Node& node, std::string message) {
    error(place(node), std::move(message));
}

void Context::error(const Place& place, std::string message) {
    problems_.push_back({place, std::move(message)});
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, 60))
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return out + (text.size() > 60 ? "...\"" : "\"");
}

Fields::Fields(Context& context, const Node& node, std::string what, std::string example,
               std::initializer_list<std::string_view> known)
    : context_(context), node_(node), what_(std::move(what)),
      mapping_(node.kind == Node::Kind::mapping) {
    if (!mapping_) {
        if (node.kind != Node::Kind::broken)
            context.error(node, fmt::format("{} must be a mapping, not {}; write {}", what_,
                                            kind_name(node), example));
        return;
    }
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Node& key = node.keys[i];
        if (std::ranges::find(known, key.text) == known.end())
            context.error(key, fmt::format("unknown field {} in {}; {}", in_quotes(key.text), what_,
                                           model::did_you_mean(key.text, copies(known),
                                                               "known are " + words_text(known))));
        else if (i < node.items.size() && node.items[i].kind == Node::Kind::null)
            context.error(key, fmt::format("{} in {} has no value; write one or remove it",
                                           in_quotes(key.text), what_));
    }
}

const Node* Fields::find(std::string_view key) const {
    const Node* value = mapping_ ? node_.find(key) : nullptr;
    return value && value->kind != Node::Kind::null ? value : nullptr;
}

const Node* Fields::require(std::string_view key, std::string_view example) const {
    if (!mapping_)
        return nullptr;
    if (!node_.find(key))
        context_.error(node_, fmt::format("{} needs \"{}\"; write {}", what_, key, example));
    return find(key);
}

std::optional<std::string> text(Context& context, const Node& node, const std::string& what) {
    if (!is_text(context, node, what))
        return std::nullopt;
    const bool boolean = node.plain && reads_as_boolean(node.text);
    if (boolean || (node.plain && reads_as_number(node.text))) {
        context.error(node, fmt::format("{} {} reads as a {}; write it in quotes: \"{}\"", what,
                                        node.text.substr(0, 60), boolean ? "boolean" : "number",
                                        node.text.substr(0, 60)));
        return std::nullopt;
    }
    return checked_text(context, node, what);
}

std::optional<std::string> text_or_number(Context& context, const Node& node,
                                          const std::string& what) {
    if (node.kind == Node::Kind::text && decimal(node.text))
        return node.text;
    return text(context, node, what);
}

std::optional<std::string> name(Context& context, const Node& node, const std::string& what) {
    auto value = text(context, node, what);
    if (!value)
        return value;
    const bool good = std::isalnum(static_cast<unsigned char>(value->front())) &&
                      std::ranges::all_of(*value, [](unsigned char c) {
                          return std::isalnum(c) || c == '.' || c == '_' || c == '-';
                      });
    if (good)
        return value;
    context.error(node, fmt::format("{} {} must begin with a letter or digit and have no other "
                                    "characters than letters, digits, \".\", \"_\" and \"-\"; "
                                    "rename it",
                                    what, in_quotes(*value)));
    return std::nullopt;
}

std::optional<bool> boolean(Context& context, const Node& node, const std::string& what) {
    if (node.kind == Node::Kind::text && node.plain &&
        (node.text == "true" || node.text == "false"))
        return node.text == "true";
    if (node.kind == Node::Kind::text)
        context.error(node,
                      fmt::format("{} is {}; write true or false", what, in_quotes(node.text)));
    else
        is_text(context, node, what);
    return std::nullopt;
}

std::optional<std::int64_t> time(Context& context, const Node& node, const std::string& what) {
    if (!is_text(context, node, what))
        return std::nullopt;
    const auto seconds = parse_rfc3339(node.text);
    if (seconds && *seconds > 0)
        return *seconds * ns_per_second;
    context.error(node, fmt::format("{} {} is no time after 1970; write it like "
                                    "2026-12-01T12:00:00Z or 2026-12-01T13:00:00+01:00",
                                    what, in_quotes(node.text)));
    return std::nullopt;
}

std::optional<std::size_t> one_of(Context& context, const Node& node, const std::string& what,
                                  std::initializer_list<std::string_view> words) {
    if (!is_text(context, node, what))
        return std::nullopt;
    const auto found = std::ranges::find(words, node.text);
    if (found != words.end())
        return static_cast<std::size_t>(found - words.begin());
    context.error(node, fmt::format("{} {} is not known; {}", what, in_quotes(node.text),
                                    model::did_you_mean(node.text, copies(words),
                                                        "write one of " + words_text(words))));
    return std::nullopt;
}

const std::vector<Node>* items(Context& context, const Node& node, const std::string& what,
                               const std::string& example) {
    if (node.kind == Node::Kind::sequence && !node.items.empty())
        return &node.items;
    if (node.kind == Node::Kind::sequence)
        context.error(node, fmt::format("{} is an empty list; write {}", what, example));
    else if (node.kind != Node::Kind::broken)
        context.error(node, fmt::format("{} must be a list, not {}; write {}", what,
                                        kind_name(node), example));
    return nullptr;
}

std::optional<unsigned> decimal(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (text.empty() || !whole || (text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    return value;
}

} // namespace ringwall::policy
