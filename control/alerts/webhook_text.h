// An alert as the JSON body of a POST, and its signature. Pure.
#pragma once

#include <string>
#include <string_view>

#include "control/alerts/event.h"

namespace ringwall::alerts {

// {"id": "...", "kind": "blocked", "severity": "warning", "sentence": "...", "fields": {...},
//  "count": 3, "first": RFC 3339, "last": RFC 3339, "host": "..."}
std::string webhook_body(const Alert& alert, const Origin& origin);

// "sha256=" and the HMAC-SHA256 of the body in hexadecimal.
std::string webhook_signature(std::string_view secret, std::string_view body);

} // namespace ringwall::alerts
