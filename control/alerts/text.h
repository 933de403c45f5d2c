// Text that comes from other hosts (process names, paths, labels) on its way into messages. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringwall::alerts {

// Valid UTF-8 without control characters, line separators or characters that turn the direction of
// writing: those stand as \u000a. Bytes that are no UTF-8 become U+FFFD. At most `most` bytes; what
// is cut ends in "...".
std::string printable(std::string_view text, std::size_t most);

// "2026-11-27T06:23:30.123456Z"
std::string rfc3339(std::int64_t ns_since_1970);

} // namespace ringwall::alerts
