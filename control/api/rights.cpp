#include "control/api/rights.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::array roles{Role::viewer, Role::editor, Role::provisioner, Role::admin, Role::owner};
constexpr std::array rights{Right::read,      Right::edit,       Right::modes,
                            Right::provision, Right::administer, Right::own};

constexpr Rights bits(std::initializer_list<Right> some) {
    Rights out = 0;
    for (const auto right : some)
        out |= static_cast<unsigned>(right);
    return out;
}

const char* name(Right right) {
    switch (right) {
    case Right::read:
        return "read";
    case Right::edit:
        return "edit";
    case Right::modes:
        return "modes";
    case Right::provision:
        return "provision";
    case Right::administer:
        return "administer";
    case Right::own:
        return "own";
    }
    return "";
}

std::set<std::string> common(const std::set<std::string>& one, const std::set<std::string>& other) {
    std::set<std::string> out;
    std::ranges::set_intersection(one, other, std::inserter(out, out.end()));
    return out;
}

// Different texts, at least one.
std::optional<std::set<std::string>> values_in(const json::value& value) {
    const json::array* items = value.if_array();
    std::set<std::string> out;
    for (std::size_t i = 0; items && i < items->size(); ++i) {
        const json::string* text = (*items)[i].if_string();
        if (!text || text->empty() || !out.emplace(*text).second)
            return std::nullopt;
    }
    return out.empty() ? std::nullopt : std::optional(std::move(out));
}

} // namespace

const char* name(Role role) {
    switch (role) {
    case Role::viewer:
        return "viewer";
    case Role::editor:
        return "editor";
    case Role::provisioner:
        return "provisioner";
    case Role::admin:
        return "admin";
    case Role::owner:
        return "owner";
    }
    return "";
}

std::optional<Role> parse_role(std::string_view text) {
    const auto found = std::ranges::find_if(roles, [&](Role role) { return text == name(role); });
    return found == roles.end() ? std::nullopt : std::optional(*found);
}

Rights rights_of(Role role) {
    switch (role) {
    case Role::viewer:
        return bits({Right::read});
    case Role::editor:
        return bits({Right::read, Right::edit, Right::modes});
    case Role::provisioner:
        return bits({Right::read, Right::modes, Right::provision});
    case Role::admin:
        return bits({Right::read, Right::edit, Right::modes, Right::provision, Right::administer});
    case Role::owner:
        return bits({Right::read, Right::edit, Right::modes, Right::provision, Right::administer,
                     Right::own});
    }
    return 0;
}

const char* role_for(Right right) {
    if (right == Right::modes)
        return "editor or provisioner";
    const auto least =
        std::ranges::find_if(roles, [&](Role role) { return has(rights_of(role), right); });
    return name(*least);
}

std::vector<std::string> names(Rights some) {
    std::vector<std::string> out;
    for (const auto right : rights)
        if (has(some, right))
            out.emplace_back(name(right));
    return out;
}

bool inside(const Scope& scope, const model::Labels& labels) {
    return std::ranges::all_of(scope, [&](const auto& key) {
        const auto found = labels.find(key.first);
        return found != labels.end() && key.second.contains(found->second);
    });
}

bool inside(const Scope& outer, const Scope& inner) {
    return std::ranges::all_of(outer, [&](const auto& key) {
        const auto found = inner.find(key.first);
        return found != inner.end() && std::ranges::includes(key.second, found->second);
    });
}

Scope intersection(const Scope& one, const Scope& other) {
    Scope out = one;
    for (const auto& [key, values] : other) {
        const auto found = out.find(key);
        if (found == out.end())
            out.emplace(key, values);
        else
            found->second = common(found->second, values);
    }
    return out;
}

std::string text(const Scope& scope) {
    std::vector<std::string> parts;
    for (const auto& [key, values] : scope)
        parts.push_back(values.size() == 1
                            ? fmt::format("{}={}", key, *values.begin())
                            : fmt::format("{} in ({})", key, fmt::join(values, ",")));
    return fmt::format("{}", fmt::join(parts, ", "));
}

json::object to_json(const Scope& scope) {
    json::object out;
    for (const auto& [key, values] : scope)
        out[key] = json::array(values.begin(), values.end());
    return out;
}

std::optional<Scope> scope_in(Fields& fields) {
    const json::value* given = fields.find("scope");
    if (!given)
        return Scope{};
    const json::object* keys = given->if_object();
    const auto is_good = [](const auto& key) { return values_in(key.value()).has_value(); };
    if (!keys || keys->empty() || !std::ranges::all_of(*keys, is_good)) {
        fields.fault("scope", "scope is label keys, each with a list of different values: "
                              "{\"app\": [\"Payments\"]}; leave it out for everything");
        return std::nullopt;
    }
    Scope out;
    for (const auto& key : *keys)
        out.emplace(key.key(), *values_in(key.value()));
    return out;
}

Faults outside(const Scope& scope, const model::RuleSet& rule_set) {
    Faults out;
    if (scope.empty())
        return out;
    const auto refuse = [&](std::string pointer, std::string sentence) {
        out.push_back({{"rule_set", rule_set.name}, std::move(pointer), std::move(sentence)});
    };
    if (rule_set.scopes.empty())
        refuse("/spec/scopes",
               fmt::format("your role is narrowed to {}; write scopes inside of it", text(scope)));
    for (std::size_t i = 0; i < rule_set.scopes.size(); ++i)
        if (!inside(scope, rule_set.scopes[i]))
            refuse(fmt::format("/spec/scopes/{}", i),
                   fmt::format("this scope is not inside {}, to which your role is narrowed",
                               text(scope)));
    for (std::size_t i = 0; i < rule_set.rules.size(); ++i)
        for (std::size_t j = 0; j < rule_set.rules[i].to.size(); ++j)
            if (rule_set.rules[i].to[j].form == model::Selector::Form::any)
                refuse(
                    fmt::format("/spec/rules/{}/to/{}", i, j),
                    fmt::format("any means every workload, also outside {}, to which your role "
                                "is narrowed; write {{\"all\": true}} for those of the scope, or "
                                "a list of addresses",
                                text(scope)));
    return out;
}

} // namespace ringwall::api
