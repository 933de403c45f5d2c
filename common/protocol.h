// Names of transport protocols, as people write them everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringwall {

std::string protocol_name(std::uint8_t protocol); // "tcp", or the number
bool parse_protocol(std::string_view text, std::uint8_t& protocol);

} // namespace ringwall
