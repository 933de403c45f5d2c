// Node-local numbers for identities, address lists and memberships. Equal things have equal numbers
// for as long as the agent runs, so numbers of two snapshots are never confused.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/ip.h"

namespace ringwall::agent {

struct Identity {
    std::map<std::string, std::string> labels;
    bool managed = false;
    std::string workload; // set when the identity is one named workload
    auto tie() const { return std::tie(labels, managed, workload); }
    bool operator<(const Identity& other) const { return tie() < other.tie(); }
};

// What is known about an address: whose it is and which lists contain it. Canonical: sorted,
// unique.
struct Membership {
    std::vector<std::uint32_t> identities; // interned identities; several: claimed by several
    std::vector<std::uint32_t> lists;      // interned lists
    auto operator<=>(const Membership&) const = default;
};

// A list is its content: an edited list is another list. Sorted, unique.
struct ListContent {
    std::vector<Prefix> prefixes, exclude;
    auto operator<=>(const ListContent&) const = default;
};

class Interner {
  public:
    std::uint32_t identity(const Identity& identity);       // 1..
    std::uint32_t list(const ListContent& content);         // 1..
    std::uint32_t membership(const Membership& membership); // 0: nothing is known

    const Identity& identity_of(std::uint32_t id) const;
    const ListContent& content_of(std::uint32_t list) const;
    const Membership& membership_of(std::uint32_t id) const;

  private:
    struct Hash {
        std::size_t operator()(const Membership& m) const;
    };
    std::map<Identity, std::uint32_t> identities_;
    std::vector<const Identity*> identity_of_;
    std::map<ListContent, std::uint32_t> lists_;
    std::vector<const ListContent*> list_of_;
    std::unordered_map<Membership, std::uint32_t, Hash> memberships_{{Membership{}, 0}};
    std::vector<const Membership*> membership_of_{&memberships_.begin()->first};
};

} // namespace ringwall::agent
