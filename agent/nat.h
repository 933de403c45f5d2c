// Does this network namespace translate addresses? Then connect() sees another address than the
// packet and must not refuse.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ringwall::agent {

// True when an nftables chain of type nat or an iptables nat table exists, and when it cannot be
// told.
bool host_translates_addresses();

// True when a dump of chains (netlink messages, nfnetlink) contains one of type "nat". Pure.
bool has_nat_chain(std::span<const std::uint8_t> messages);
bool has_nat_table(std::string_view ip_tables_names);

} // namespace ringwall::agent
