// The first packet of a flow, as bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/evaluate.h"

namespace ringwall::oracle {

constexpr const char* own_v4 = "192.0.2.1";
constexpr const char* own_v6 = "fd99:199::1";

// With an Ethernet header. `plain` false: with IP options or an extension header.
std::vector<std::uint8_t> frame(const Flow& flow, bool plain);

} // namespace ringwall::oracle
