// A span of time as it lies in the map's file: its key, and its numbers read. Private to the file's
// code.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "control/flowmap/columns.h"
#include "control/flowmap/disk.h"

namespace ringwall::flowmap {

// Times are whole minutes, so this has room for all of them.
inline std::int64_t key_of(Span span, std::int64_t at_ns) {
    return at_ns / minute_ns * 4 + static_cast<std::int64_t>(span);
}
inline std::int64_t time_of_key(std::int64_t key) {
    return key / 4 * minute_ns;
}
inline std::size_t span_of_key(std::int64_t key) { // place in `spans`
    return static_cast<std::size_t>(key & 3);
}

// Throws store::Failure: damaged.
void decode_span(std::string_view bytes, std::int64_t at_ns,
                 const std::function<void(EdgeId edge, const Numbers& numbers)>& each);

} // namespace ringwall::flowmap
