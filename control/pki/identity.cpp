#include "control/pki/identity.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "common/pki/certificate.h"

namespace ringwall::pki {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_dns_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label,
                               [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
}

} // namespace

const char* name(Kind kind) {
    switch (kind) {
    case Kind::agent:
        return "agent";
    case Kind::controller:
        return "controller";
    case Kind::operator_client:
        return "operator";
    }
    return "";
}

bool is_identity_name(std::string_view text) {
    const auto allowed = [](char c) {
        return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
               c == '-';
    };
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, allowed) &&
           text.find_first_not_of('.') != text.npos;
}

bool is_dns_name(std::string_view text) {
    const auto last = text.substr(text.rfind('.') + 1);
    if (text.size() > 253 || std::ranges::all_of(last, is_digit))
        return false;
    return std::ranges::all_of(text | std::views::split('.'), [](auto label) {
        return is_dns_label(std::string_view(label.begin(), label.end()));
    });
}

std::string Identity::uri() const {
    return std::string(identity_root) + name(kind) + "/" + id;
}

std::optional<Identity> Identity::parse(std::string_view uri) {
    for (const Kind kind : {Kind::agent, Kind::controller, Kind::operator_client}) {
        const auto prefix = Identity{kind, {}}.uri();
        if (uri.starts_with(prefix) && is_identity_name(uri.substr(prefix.size())))
            return Identity{kind, std::string(uri.substr(prefix.size()))};
    }
    return std::nullopt;
}

} // namespace ringwall::pki
