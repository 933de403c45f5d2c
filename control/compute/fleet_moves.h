// What a change adds to a set of identities, and what it takes away.
#pragma once

#include <cstdint>
#include <functional>

#include <boost/container/flat_set.hpp>
#include <boost/container/small_vector.hpp>

#include "control/compute/fleet_bitmap.h"

namespace ringwall::compute {

// Mostly a few identities: kept in place.
using NumberSet = boost::container::flat_set<std::uint32_t, std::less<>,
                                             boost::container::small_vector<std::uint32_t, 4>>;

struct Moves {
    NumberSet gained, lost; // no number is in both

    bool empty() const { return gained.empty() && lost.empty(); }
    void gain(std::uint32_t number) {
        if (lost.erase(number) == 0)
            gained.insert(number);
    }
    void lose(std::uint32_t number) {
        if (gained.erase(number) == 0)
            lost.insert(number);
    }
    void become(const Bitmap& before, const Bitmap& now) {
        for (const std::uint32_t number : difference(now, before).numbers())
            gain(number);
        for (const std::uint32_t number : difference(before, now).numbers())
            lose(number);
    }
};

// A set as it is now with its moves, of which both live elsewhere.
struct View {
    const Bitmap& now;
    const Moves& moves;

    bool has(std::uint32_t number) const { return now.contains(number); }
    bool had(std::uint32_t number) const {
        return moves.lost.contains(number) ||
               (!moves.gained.contains(number) && now.contains(number));
    }
};

} // namespace ringwall::compute
