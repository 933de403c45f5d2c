// JSON of the agent -> text for people. Pure. Missing members print as nothing.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "control/cli/output.h"

namespace ringwall::cli {

// Members by path, "policy.version"; "" or 0 where there is none. The pointer points into `value`
// (an object must not be converted on the way, hence two of them).
const boost::json::value* at(const boost::json::object& object, std::string_view path);
const boost::json::value* at(const boost::json::value& value, std::string_view path);
std::string text_of(const boost::json::value* value);
std::int64_t number_of(const boost::json::value* value);
template <typename Json>
std::string text_at(const Json& json, std::string_view path) {
    return text_of(at(json, path));
}
template <typename Json>
std::int64_t number_at(const Json& json, std::string_view path) {
    return number_of(at(json, path));
}

// "8080/tcp", "icmp 8/0": of a flow or of what a draft would change.
std::string service_text(const boost::json::object& flow);
// One line per flow: time, verdict, service, source -> destination, rule or reason.
std::string flow_line(const boost::json::object& flow, const Painter& paint);
std::string flow_header(const Painter& paint);
// "local" time of day of an RFC 3339 time; the text itself when it is none.
std::string time_of_day(const std::string& rfc3339);
std::string age(const std::string& rfc3339, std::int64_t now_seconds); // "3m ago"

std::string status_text(const boost::json::object& status, const Painter& paint,
                        std::int64_t now_seconds);
std::string why_text(const boost::json::object& why, const Painter& paint);
std::string bytes_text(std::uint64_t bytes); // "1.2 MiB"

} // namespace ringwall::cli
