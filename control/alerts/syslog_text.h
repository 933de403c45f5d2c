// An alert as a syslog message: RFC 5424, with its own structured data. Pure.
#pragma once

#include <string>
#include <string_view>

#include "control/alerts/event.h"

namespace ringwall::alerts {

inline constexpr std::size_t longest_syslog = 8192; // what collectors take without being told

// "<134>1 2026-11-27T06:23:30.123456Z host ringwall-controller 4711 blocked
// [ringwall@32473 id="..." kind="blocked" count="1" first="..." last="..." FIELD="..."] BOM
// sentence". `facility`: 0..23. Always in one line, valid UTF-8 and within longest_syslog.
std::string syslog_message(const Alert& alert, const Origin& origin, int facility);

// With its length in front (RFC 6587 octet counting, RFC 5425).
std::string framed(std::string_view message);

} // namespace ringwall::alerts
