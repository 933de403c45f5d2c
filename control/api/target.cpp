#include "control/api/target.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/time.h"
#include "control/model/nearest.h"

namespace ringwall::api {
namespace {

constexpr std::size_t longest_target = 16384;

int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
            continue;
        }
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (!is_utf8(out) || std::ranges::any_of(out, is_control))
        return std::nullopt;
    return out;
}

// Splits at every `separator`; "" has one empty part.
std::vector<std::string_view> parts(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (true) {
        const auto at = text.find(separator);
        out.push_back(text.substr(0, at));
        if (at == text.npos)
            return out;
        text.remove_prefix(at + 1);
    }
}

Result<std::map<std::string, std::string>> parse_query(std::string_view text) {
    std::map<std::string, std::string> out;
    for (const auto part : parts(text, '&')) {
        if (part.empty())
            continue;
        const auto equals = std::min(part.find('='), part.size());
        const auto name = decoded(part.substr(0, equals), true);
        const auto value = decoded(part.substr(std::min(equals + 1, part.size())), true);
        if (!name || !value)
            return malformed("the query of the address is not percent-encoded UTF-8");
        if (!out.emplace(*name, *value).second)
            return malformed(fmt::format("the parameter {} is given twice; give it once", *name));
    }
    return out;
}

} // namespace

bool is_utf8(std::string_view text) {
    // Unicode, table 3-7: least and most of the second byte, by the first.
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t n) {
            return i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0u;
        };
        const auto first = byte(0);
        if (first < 0x80) {
            ++i;
            continue;
        }
        if (first < 0xc2 || first > 0xf4)
            return false;
        const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (byte(1) < least || byte(1) > most)
            return false;
        for (std::size_t n = 2; n < length; ++n)
            if ((byte(n) & 0xc0) != 0x80)
                return false;
        i += length;
    }
    return true;
}

Result<Target> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/' || target.size() > longest_target)
        return malformed("the address has to begin with / and have at most 16384 bytes");
    const auto question = std::min(target.find('?'), target.size());
    Target out;
    for (const auto segment : parts(target.substr(1, question - 1), '/')) {
        auto text = decoded(segment, false);
        if (!text)
            return malformed("the path of the address is not percent-encoded UTF-8");
        out.path.push_back(std::move(*text));
    }
    auto query = parse_query(target.substr(std::min(question + 1, target.size())));
    if (!query)
        return std::unexpected(query.error());
    out.query = std::move(*query);
    return out;
}

void Params::allow(std::initializer_list<std::string_view> known) {
    const std::vector<std::string> names(known.begin(), known.end());
    for (const auto& entry : query_)
        if (std::ranges::find(names, entry.first) == names.end())
            fail(fmt::format("unknown parameter {}; {}", entry.first,
                             model::did_you_mean(entry.first, names, "leave it out")));
}

std::optional<std::string> Params::text(const std::string& name) const {
    const auto found = query_.find(name);
    return found == query_.end() ? std::nullopt : std::optional(found->second);
}

bool Params::flag(const std::string& name) {
    const auto given = text(name);
    if (given && *given != "true" && *given != "false")
        fail(fmt::format("the parameter {} is true or false", name));
    return given == "true";
}

std::optional<std::uint64_t> Params::number(const std::string& name, std::uint64_t least,
                                            std::uint64_t most) {
    const auto given = text(name);
    if (!given)
        return std::nullopt;
    std::uint64_t out = 0;
    const auto* const end = given->data() + given->size();
    const auto [stop, error] = std::from_chars(given->data(), end, out);
    if (error != std::errc() || stop != end || out < least || out > most)
        fail(fmt::format("the parameter {} is a whole number from {} to {}", name, least, most));
    return out;
}

std::optional<std::int64_t> Params::time_ns(const std::string& name) {
    const auto given = text(name);
    if (!given)
        return std::nullopt;
    const auto seconds = parse_rfc3339(*given);
    if (!seconds)
        fail(fmt::format("the parameter {} is a time such as 2026-01-02T03:04:05Z", name));
    return seconds.value_or(0) * 1'000'000'000;
}

void Params::fail(std::string sentence) {
    if (!wrong_)
        wrong_ = std::move(sentence);
}

Result<void> Params::check() const {
    if (wrong_)
        return malformed(*wrong_);
    return {};
}

} // namespace ringwall::api
