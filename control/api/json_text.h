// Bodies of requests: text -> JSON value, strictly. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace ringwall::api {

// Far more than any document has; deeper text is refused where it gets too deep, whatever follows.
inline constexpr std::size_t deepest_body = 32;

struct JsonError {
    std::size_t offset = 0; // byte, from 0
    std::string sentence;
};

// One JSON value of RFC 8259 in UTF-8. Refused as well: duplicate keys (readers disagree on which
// one counts) and nesting beyond deepest_body.
std::expected<boost::json::value, JsonError> parse_json(std::string_view text);

} // namespace ringwall::api
