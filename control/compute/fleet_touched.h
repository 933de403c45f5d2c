// The rows that a change put or removed, ready to be asked by who has them, or had.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "control/compute/fleet_members.h"
#include "control/compute/fleet_moves.h"

namespace ringwall::compute {

struct TouchedRow {
    NumberSet before, now; // its owners
    bool differs = false;  // these, or the names of its workloads
};

class TouchedRows {
  public:
    using ByKey = std::map<RowKey, TouchedRow>;
    // `members`: as they are after the change; it must outlive this.
    explicit TouchedRows(const Members& members);

    const ByKey& all() const { return all_; }
    TouchedRow row(const RowKey& key) const; // one that was not touched: the same before and now
    const std::vector<const ByKey::value_type*>& of(std::uint32_t identity) const;
    // Those of its present members that were not touched.
    const std::vector<RowKey>& untouched(std::uint32_t identity);

  private:
    const Members& members_;
    ByKey all_;
    std::unordered_map<std::uint32_t, std::vector<const ByKey::value_type*>> by_owner_;
    std::unordered_map<std::uint32_t, std::vector<RowKey>> untouched_; // as far as it was asked for
};

} // namespace ringwall::compute
