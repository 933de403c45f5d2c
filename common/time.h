// RFC 3339 times of documents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringwall {

inline constexpr std::int64_t ns_per_second = 1'000'000'000;

std::int64_t wall_clock_ns();                    // since 1970, now
std::string rfc3339(std::int64_t ns_since_1970); // "2026-11-27T06:23:30.123Z"
// "2026-11-27T06:23:30Z", with fraction and with "+01:00" instead of Z. Unix seconds, rounded down.
// Years 1678 to 2261: what fits in nanoseconds.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

} // namespace ringwall
