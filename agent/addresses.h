// Which address belongs to whom: sorted tables of prefixes, a longer one inside a shorter one wins.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/membership.h"
#include "common/ip.h"

namespace ringwall::agent {

struct AddressRow {
    Prefix prefix;
    std::uint32_t membership = 0; // 0: a hole, nothing is known of these addresses
    std::uint32_t peer = 0;       // 0: not given yet
};
// Sorted by in_order(), unique prefixes.
using AddressTable = std::vector<AddressRow>;

// IPv6 before IPv4, then by address; a covering prefix before what it covers.
bool in_order(const Prefix& a, const Prefix& b);

// The fewest rows that say, for every address, which identities claim it and which lists contain
// it. `owners`: an address once per identity that claims it, in any order. `lists`: interned
// numbers.
AddressTable address_table(std::span<const std::pair<Address, std::uint32_t>> owners,
                           std::span<const std::uint32_t> lists, Interner& interner);

// The row that decides for this address; null: none covers it.
const AddressRow* find(const AddressTable& table, const Address& address);

// One prefix that stands in `before`, in `after` or in both. The memberships are those of the
// addresses that no longer prefix of either table covers.
struct AddressChange {
    Prefix prefix;
    const AddressRow* before = nullptr;
    const AddressRow* after = nullptr;
    std::uint32_t old_membership = 0, new_membership = 0;
};
void compare(const AddressTable& before, const AddressTable& after,
             const std::function<void(const AddressChange&)>& use);

} // namespace ringwall::agent
