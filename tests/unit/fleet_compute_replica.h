// An agent's copy of its snapshot, kept true by what changes say, and snapshots in comparable form.
#pragma once

#include <string>
#include <utility>

#include "control/compute/fleet.h"

namespace ringwall::test {

class Replica {
  public:
    explicit Replica(v1::Snapshot snapshot) : snapshot_(std::move(snapshot)) {}
    // Asks `fleet`, as it is after the change, for the halves that are said to differ. What is said
    // must be so.
    void apply(const compute::HostChange& change, const compute::Fleet& fleet);
    const v1::Snapshot& snapshot() const { return snapshot_; }

  private:
    v1::Snapshot snapshot_;
};

v1::Snapshot snapshot_of(const compute::Fleet& fleet, const std::string& host);

// Identities numbered in the order of what they are, counters zero: equal for equal content.
std::string canonical(v1::Snapshot snapshot);
std::string readable(const std::string& canonical);

// The part of a whole snapshot that its own rules can see, found by straight loops.
v1::Snapshot visible_part(v1::Snapshot snapshot);

} // namespace ringwall::test
