// Roles, what they may do, and the label scopes that narrow them. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/fields.h"
#include "control/model/model.h"

namespace ringwall::api {

enum class Role { viewer, editor, provisioner, admin, owner };
const char* name(Role role);
std::optional<Role> parse_role(std::string_view text);

enum class Right : unsigned {
    read = 1,        // everything but secrets
    edit = 2,        // drafts and workloads
    modes = 4,       // set modes, also of many workloads at once
    provision = 8,   // provision, roll back, the rollout
    administer = 16, // agents, pairing, users, tokens, freeze, backup
    own = 32,        // users and tokens that are owners
};
using Rights = unsigned; // bits

Rights rights_of(Role role);
inline bool has(Rights rights, Right right) {
    return (rights & static_cast<unsigned>(right)) != 0;
}
// The least role that has it: "provisioner".
const char* role_for(Right right);
std::vector<std::string> names(Rights rights);

// Key -> values: inside is what carries one of the values under every key. Empty: everything is.
using Scope = std::map<std::string, std::set<std::string>>;

bool inside(const Scope& scope, const model::Labels& labels);
// Everything inside `inner` is inside `outer` too.
bool inside(const Scope& outer, const Scope& inner);
// What is inside both. Keys without a value left have nothing inside.
Scope intersection(const Scope& one, const Scope& other);
std::string text(const Scope& scope); // "app in (Billing,Payments), env=Production"
boost::json::object to_json(const Scope& scope);
// The member "scope" of a token or a user.
std::optional<Scope> scope_in(Fields& fields);

// May a role narrowed to `scope` write this rule set? All its scopes lie inside, and no rule
// reaches a destination outside: `any` selects every workload whatever the scope. Faults otherwise.
Faults outside(const Scope& scope, const model::RuleSet& rule_set);

// Who asks.
struct Principal {
    std::string actor; // for the audit log: the user's name, or "token ci"
    std::string token, user;
    Role role = Role::viewer; // the token's own
    Rights rights = 0;        // after the user's
    Scope scope;
    std::optional<std::int64_t> expires_ns;

    bool may(Right right) const { return has(rights, right); }
    bool sees(const model::Labels& labels) const { return inside(scope, labels); }
    bool everywhere() const { return scope.empty(); }
};

} // namespace ringwall::api
