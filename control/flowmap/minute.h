// The flows of one minute by pairs of addresses, until they become edges. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "common/ip.h"
#include "control/flowmap/catalog.h"
#include "control/flowmap/pair.h"
#include "control/flows/row.h"

namespace ringwall::flowmap {

inline constexpr std::int64_t minute_ns = 60'000'000'000, hour_ns = 60 * minute_ns,
                              day_ns = 24 * hour_ns;

// Numbers by edge.
using Totals = std::unordered_map<EdgeId, Numbers>;

class Minute {
  public:
    // Of addresses that no workload has, so many pairs have a place of their own; further ones
    // share one for each network. So the scan of a whole network costs no more than this.
    static constexpr std::size_t most_pairs = 100'000;

    void take(const flows::Row& row, Catalog& catalog);

    // `before`, `after`: the minutes beside this one; null where there is none.
    Totals fold(const Minute* before, const Minute* after, Catalog& catalog) const;

    std::size_t pairs() const { return pairs_.size(); }

  private:
    struct Key {
        Address source, destination;
        SideId shared = 0; // of those without a place of their own
        std::uint8_t protocol = 0;
        std::uint16_t port = 0;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    const Pair* find(const Key& key) const;

    std::unordered_map<Key, Pair, Hash> pairs_;
};

} // namespace ringwall::flowmap
