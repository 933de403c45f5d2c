#include "control/api/access.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "common/pki/digest.h"
#include "common/time.h"
#include "control/api/base64.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t secret_bytes = 32;

std::optional<Role> role_in(Fields& fields) {
    fields.require("role");
    const auto word = fields.text("role");
    if (!word)
        return std::nullopt;
    const auto role = parse_role(*word);
    if (!role)
        fields.fault("role", "role is viewer, editor, provisioner, admin or owner");
    return role;
}

void read_expiry(Fields& fields, Token& out) {
    const auto text = fields.text("expires");
    if (!text)
        return;
    const auto seconds = parse_rfc3339(*text);
    if (seconds)
        out.expires_ns = *seconds * 1'000'000'000;
    else
        fields.fault("expires", "expires is a time such as 2027-01-01T00:00:00Z");
}

template <typename T, typename Parse>
Result<std::map<std::string, T>> load_all(const store::Store& store, const std::string& kind,
                                          Parse parse) {
    auto page = store.objects(kind, {.limit = 0});
    if (!page)
        return std::unexpected(from(page.error()));
    std::map<std::string, T> out;
    for (const auto& object : page->items)
        out.emplace(object.id.name, parse(object.body));
    return out;
}

std::unexpected<Problem> unauthenticated(std::string detail) {
    return std::unexpected(
        Problem{401, "unauthenticated", std::move(detail), {}, {{"WWW-Authenticate", "Bearer"}}});
}

} // namespace

json::object to_json(const Token& token) {
    json::object out{{"sha256", token.sha256}, {"role", name(token.role)}};
    if (!token.user.empty())
        out["user"] = token.user;
    if (!token.scope.empty())
        out["scope"] = to_json(token.scope);
    if (token.expires_ns)
        out["expires"] = rfc3339(*token.expires_ns);
    out["created_by"] = token.created_by;
    return out;
}

json::object to_json(const User& user) {
    json::object out{{"role", name(user.role)}};
    if (!user.scope.empty())
        out["scope"] = to_json(user.scope);
    if (!user.full_name.empty())
        out["full_name"] = user.full_name;
    if (user.disabled)
        out["disabled"] = true;
    return out;
}

std::optional<Token> token_in(Fields& fields) {
    Token out;
    const auto role = role_in(fields);
    const auto scope = scope_in(fields);
    out.user = fields.name("user").value_or("");
    read_expiry(fields, out);
    if (!role || !scope)
        return std::nullopt;
    out.role = *role;
    out.scope = *scope;
    return out;
}

std::optional<User> user_in(const json::value& spec, const std::string& pointer, Faults& faults) {
    Fields fields(spec, pointer, faults, {"role", "scope", "full_name", "disabled"});
    const auto role = role_in(fields);
    const auto scope = scope_in(fields);
    auto full_name = fields.text("full_name").value_or("");
    const bool disabled = fields.flag("disabled").value_or(false);
    if (!role || !scope)
        return std::nullopt;
    return User{*role, *scope, std::move(full_name), disabled};
}

Token stored_token(const std::string& body) {
    const auto spec = json::parse(body);
    Faults ignored;
    Fields fields(spec, "", ignored, {"sha256", "role", "user", "scope", "expires", "created_by"});
    // What cannot be read has no hash, so nobody can be it.
    auto out = token_in(fields).value_or(Token{});
    if (ignored.empty())
        out.sha256 = fields.text("sha256").value_or("");
    out.created_by = fields.text("created_by").value_or("");
    return out;
}

User stored_user(const std::string& body) {
    Faults ignored;
    auto out = user_in(json::parse(body), "", ignored);
    return out && ignored.empty() ? *out : User{.disabled = true};
}

std::string new_secret() {
    return "rw_" + base64url(pki::random_bytes(secret_bytes));
}

std::string hash_of(std::string_view secret) {
    return pki::sha256_hex(secret);
}

Result<void> Credentials::load() {
    if (loaded_)
        return {};
    auto tokens = load_all<Token>(store_, "token", stored_token);
    auto users = load_all<User>(store_, "user", stored_user);
    if (!tokens || !users)
        return std::unexpected(tokens ? users.error() : tokens.error());
    tokens_ = std::move(*tokens);
    users_ = std::move(*users);
    loaded_ = true;
    return {};
}

const User* Credentials::user(const std::string& name) const {
    const auto found = users_.find(name);
    return found == users_.end() || found->second.disabled ? nullptr : &found->second;
}

Rights Credentials::rights(const Token& token) {
    const Rights own = rights_of(token.role);
    if (token.user.empty())
        return own;
    const User* owner = load() ? user(token.user) : nullptr;
    return owner ? own & rights_of(owner->role) : 0;
}

Scope Credentials::scope(const Token& token) {
    const User* owner = !token.user.empty() && load() ? user(token.user) : nullptr;
    return owner ? intersection(token.scope, owner->scope) : token.scope;
}

Principal Credentials::principal(const std::string& name, const Token& token) {
    return {.actor = token.user.empty() ? "token " + name : token.user,
            .token = name,
            .user = token.user,
            .role = token.role,
            .rights = rights(token),
            .scope = scope(token),
            .expires_ns = token.expires_ns};
}

Result<Principal> Credentials::check(std::string_view authorization, std::int64_t now_ns) {
    constexpr std::string_view scheme = "Bearer ";
    if (authorization.empty())
        return unauthenticated("a token is needed; send Authorization: Bearer rw_...");
    if (!authorization.starts_with(scheme))
        return unauthenticated("the Authorization header has to be: Bearer rw_...");
    if (auto ready = load(); !ready)
        return std::unexpected(ready.error());
    const auto hash = hash_of(authorization.substr(scheme.size()));
    const std::pair<const std::string, Token>* found = nullptr;
    for (const auto& entry : tokens_)
        if (pki::equal_in_constant_time(entry.second.sha256, hash))
            found = &entry;
    if (!found)
        return unauthenticated("this token is not known; ask an administrator for one");
    const auto& [name, token] = *found;
    if (token.expires_ns && *token.expires_ns <= now_ns)
        return unauthenticated(fmt::format("the token {} expired at {}; ask for another one", name,
                                           rfc3339(*token.expires_ns)));
    if (!token.user.empty() && !user(token.user))
        return unauthenticated(
            fmt::format("the user {} of the token {} is disabled or removed", token.user, name));
    return principal(name, token);
}

bool Credentials::stands(const Principal& who, std::int64_t now_ns) {
    if (!load())
        return false;
    const auto found = tokens_.find(who.token);
    if (found == tokens_.end() || (who.expires_ns && *who.expires_ns <= now_ns))
        return false;
    const auto now = principal(who.token, found->second);
    return now.rights == who.rights && now.scope == who.scope && now.user == who.user;
}

Result<bool> Credentials::owner_beside(const store::ObjectId& object, std::int64_t now_ns) {
    if (auto ready = load(); !ready)
        return std::unexpected(ready.error());
    return std::ranges::any_of(tokens_, [&](const auto& entry) {
        const auto& [name, token] = entry;
        const bool concerned = (object.kind == "token" && object.name == name) ||
                               (object.kind == "user" && object.name == token.user);
        return !concerned && has(rights(token), Right::own) && scope(token).empty() &&
               !token.sha256.empty() && (!token.expires_ns || *token.expires_ns > now_ns);
    });
}

} // namespace ringwall::api
