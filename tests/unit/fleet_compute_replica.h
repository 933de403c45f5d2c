// An agent's copy of its snapshot, kept true by deltas alone, and snapshots in comparable form.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "control/compute/fleet.h"

namespace ringwall::test {

class Replica {
  public:
    explicit Replica(const v1::Snapshot& snapshot);
    // `fleet`: as it is after the change.
    void apply(const compute::HostChange& change, const compute::Fleet& fleet);
    v1::Snapshot snapshot() const;

  private:
    void take(const v1::Inventory& inventory);

    std::map<std::string, v1::Subject> subjects_;
    std::map<std::string, v1::AddressList> lists_;
    std::map<std::uint32_t, v1::Identity> identities_;
    std::map<std::pair<std::string, std::string>, v1::AddressOwner> addresses_;
};

v1::Snapshot snapshot_of(const compute::Fleet& fleet, const std::string& host);

// Identities numbered in the order of what they are, counters zero: equal for equal content.
std::string canonical(v1::Snapshot snapshot);
std::string readable(const std::string& canonical);

// The part of a whole snapshot that its own rules can see, found by straight loops.
v1::Snapshot visible_part(v1::Snapshot snapshot);

} // namespace ringwall::test
