// Tokens and users as the store has them, and who a bearer token speaks for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "control/api/problem.h"
#include "control/api/rights.h"
#include "control/store/store.h"

namespace ringwall::api {

// kind "token". `sha256` is of the whole secret, 64 hexadecimal digits; it never leaves.
struct Token {
    Role role = Role::viewer;
    std::string user; // empty: it stands for itself
    Scope scope;
    std::optional<std::int64_t> expires_ns;
    std::string created_by;
    std::string sha256;
};
// kind "user".
struct User {
    Role role = Role::viewer;
    Scope scope;
    std::string full_name;
    bool disabled = false;
};

boost::json::object to_json(const Token& token); // with sha256: for the store
boost::json::object to_json(const User& user);
// What a person may say of a token: role, user, scope, expires.
std::optional<Token> token_in(Fields& fields);
std::optional<User> user_in(const boost::json::value& spec, const std::string& pointer,
                            Faults& faults);
Token stored_token(const std::string& body);
User stored_user(const std::string& body);

// "rw_" and 43 characters of base64url: 256 bits.
std::string new_secret();
std::string hash_of(std::string_view secret);

// The tokens and users of a store, kept in memory until forget().
class Credentials {
  public:
    explicit Credentials(const store::Store& store) : store_(store) {}

    // `authorization`: the header's value. Every token is compared, in constant time.
    Result<Principal> check(std::string_view authorization, std::int64_t now_ns);
    // Does this principal still have these rights? For what goes on longer than a request.
    bool stands(const Principal& who, std::int64_t now_ns);
    // Tokens or users have changed.
    void forget() { loaded_ = false; }

    // What a token can do, after its user's rights.
    Rights rights(const Token& token);
    Scope scope(const Token& token);
    // An unscoped owner's token that works now, other than this object.
    Result<bool> owner_beside(const store::ObjectId& object, std::int64_t now_ns);

  private:
    Result<void> load();
    const User* user(const std::string& name) const;
    Principal principal(const std::string& name, const Token& token);

    const store::Store& store_;
    bool loaded_ = false;
    std::map<std::string, Token> tokens_;
    std::map<std::string, User> users_;
};

} // namespace ringwall::api
