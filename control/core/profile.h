// Pairing profiles as documents: {"labels": {"env": "Production"}, "mode": "visibility",
// "locked": ["env", "mode"], "uses": 10, "expires": "2026-12-31T00:00:00Z", "replace": false,
// "revoked": false}. What is left out: no labels, visibility, nothing locked, any number of uses,
// for ever.
//
// The SHA-256 of each pairing token of a profile is an object of its own, kind "pairing_token":
// {"profile": "web"}. In older stores they stand in "tokens" of the profile.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "control/core/error.h"
#include "control/pki/pairing.h"

namespace ringwall::core {

struct StoredProfile {
    pki::Profile profile;
    std::vector<std::string> tokens; // the older ones: SHA-256, 64 hexadecimal digits
};

constexpr const char* pairing_token_kind = "pairing_token";
boost::json::object token_of(const std::string& profile); // the object of a token

// Faults point into the document ("/spec/mode").
Result<StoredProfile> parse_profile(const std::string& name, const boost::json::value& spec);
boost::json::object to_json(const StoredProfile& stored);

} // namespace ringwall::core
