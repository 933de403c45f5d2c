// Pairing profiles as documents: {"labels": {"env": "Production"}, "mode": "visibility",
// "locked": ["env", "mode"], "uses": 10, "expires": "2026-12-31T00:00:00Z", "replace": false,
// "revoked": false}. What is left out: no labels, visibility, nothing locked, any number of uses,
// for ever. The controller keeps the SHA-256 of its pairing tokens in "tokens".
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "control/core/error.h"
#include "control/pki/pairing.h"

namespace ringwall::core {

struct StoredProfile {
    pki::Profile profile;
    std::vector<std::string> tokens; // SHA-256, 64 hexadecimal digits
};

// Faults point into the document ("/spec/mode").
Result<StoredProfile> parse_profile(const std::string& name, const boost::json::value& spec);
boost::json::object to_json(const StoredProfile& stored);

} // namespace ringwall::core
