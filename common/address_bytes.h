// Addresses as messages carry them: 4 bytes for IPv4, 16 for IPv6, in network order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ip.h"

namespace ringwall {

std::string address_bytes(const Address& address);
// nullopt unless there are 4 or 16 bytes.
std::optional<Address> address_from_bytes(std::string_view bytes);

} // namespace ringwall
