// The numbers of one span of time as bytes, column after column: what is alike lies together and
// stays small, and reading is a few additions each.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "control/flowmap/minute.h"

namespace ringwall::flowmap {

// `at_ns`: the beginning of the span, which times are told from.
std::string encode(const Totals& totals, std::int64_t at_ns);

// False: these bytes were not written by encode(); what came before is to be forgotten.
bool decode(std::string_view bytes, std::int64_t at_ns,
            const std::function<void(EdgeId edge, const Numbers& numbers)>& each);

} // namespace ringwall::flowmap
