#include "control/api/fields.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/model/nearest.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 255;
constexpr std::size_t longest_in_sentence = 60;

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_label_text(std::string_view text) {
    return !text.empty() && text.size() <= longest_text && text.front() != ' ' &&
           text.back() != ' ' && std::ranges::none_of(text, is_control);
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

} // namespace

std::string pointer_to(const std::string& parent, std::string_view token) {
    std::string out = parent + "/";
    for (const char c : token)
        out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
    return out;
}

std::string in_quotes(std::string_view text) {
    auto end = std::min(text.size(), longest_in_sentence);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;
    std::string out = "\"";
    for (const char c : text.substr(0, end))
        out += is_control(c) ? ' ' : c;
    return out + (end < text.size() ? "...\"" : "\"");
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_text && text.front() != '.' &&
           text.front() != '_' && text.front() != '-' &&
           std::ranges::all_of(text, is_name_character);
}

Fields::Fields(const json::value& value, std::string pointer, Faults& faults,
               std::initializer_list<std::string_view> known)
    : object_(value.if_object()), pointer_(std::move(pointer)), faults_(faults) {
    if (!object_) {
        faults_.push_back({{}, pointer_, "a JSON object is expected here"});
        return;
    }
    const std::vector<std::string> names(known.begin(), known.end());
    for (const auto& member : *object_) {
        const std::string key(member.key());
        if (std::ranges::find(names, key) == names.end())
            fault(key, fmt::format("unknown field {}; {}", in_quotes(key),
                                   model::did_you_mean(key, names, "leave it out")));
    }
}

const json::value* Fields::find(std::string_view key) const {
    const json::value* found = object_ ? object_->if_contains(key) : nullptr;
    return found && found->is_null() ? nullptr : found;
}

std::string Fields::pointer(std::string_view key) const {
    return pointer_to(pointer_, key);
}

void Fields::fault(std::string_view key, std::string sentence) {
    faults_.push_back({{}, pointer(key), std::move(sentence)});
}

void Fields::require(std::string_view key) {
    if (object_ && !find(key))
        fault(key, fmt::format("{} is missing", key));
}

std::optional<std::string> Fields::text(std::string_view key, std::size_t longest) {
    const json::value* value = find(key);
    if (!value)
        return std::nullopt;
    if (!value->is_string() || value->get_string().empty() ||
        value->get_string().size() > longest) {
        fault(key, fmt::format("{} is a text of 1 to {} bytes", key, longest));
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::optional<std::string> Fields::name(std::string_view key) {
    auto out = text(key);
    if (!out || is_name(*out))
        return out;
    fault(key,
          fmt::format("{} is a name: letters, digits, \".\", \"_\" and \"-\", beginning with a "
                      "letter or a digit",
                      key));
    return std::nullopt;
}

std::optional<std::uint64_t> Fields::number(std::string_view key, std::uint64_t least,
                                            std::uint64_t most) {
    const json::value* value = find(key);
    if (!value)
        return std::nullopt;
    boost::system::error_code error;
    const auto out = value->to_number<std::uint64_t>(error);
    if (!error && !value->is_double() && out >= least && out <= most)
        return out;
    fault(key, fmt::format("{} is a whole number from {} to {}", key, least, most));
    return std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view key) {
    const json::value* value = find(key);
    if (!value)
        return std::nullopt;
    if (value->is_bool())
        return value->get_bool();
    fault(key, fmt::format("{} is true or false", key));
    return std::nullopt;
}

const json::array* Fields::array(std::string_view key) {
    const json::value* value = find(key);
    if (value && !value->is_array())
        fault(key, fmt::format("{} is a list", key));
    return value ? value->if_array() : nullptr;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
    const json::array* items = array(key);
    if (!items)
        return std::nullopt;
    std::vector<std::string> out;
    for (const auto& item : *items) {
        if (!item.is_string() || !is_label_text(item.get_string())) {
            fault(key, fmt::format("{} is a list of texts of 1 to {} bytes", key, longest_text));
            return std::nullopt;
        }
        out.emplace_back(item.get_string());
    }
    return out;
}

std::optional<model::Labels> Fields::labels(std::string_view key) {
    const json::value* value = find(key);
    if (!value)
        return std::nullopt;
    const json::object* members = value->if_object();
    model::Labels out;
    const auto is_label = [&](const auto& member) {
        return member.value().is_string() && is_label_text(member.value().get_string());
    };
    if (!members || !std::ranges::all_of(*members, is_label)) {
        fault(key, fmt::format("{} are labels with one value per key: {{\"role\": \"Web Server\"}}",
                               key));
        return std::nullopt;
    }
    for (const auto& member : *members)
        out.emplace(member.key(), member.value().get_string());
    return out;
}

std::optional<model::Mode> Fields::mode(std::string_view key) {
    const auto word = text(key);
    if (!word)
        return std::nullopt;
    for (const auto mode :
         {model::Mode::idle, model::Mode::visibility, model::Mode::selective, model::Mode::full})
        if (*word == model::name(mode))
            return mode;
    fault(key, fmt::format("{} is idle, visibility, selective or full", key));
    return std::nullopt;
}

} // namespace ringwall::api
