// One policy rule at one end of it, as every subject that stands there in the same way has it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "control/compute/fleet_bitmap.h"
#include "control/compute/wire.h"
#include "control/model/model.h"

namespace ringwall::compute {

// Union of its parts; the wider ones leave out what they already say.
struct PeerBits {
    bool any = false, all_workloads = false;
    Bitmap identities;
    std::set<std::string> lists;

    bool operator==(const PeerBits&) const = default;
    bool empty() const { return !any && !all_workloads && identities.empty() && lists.empty(); }
    void merge(const PeerBits& other);
    void normalise();
};

using ServiceBits = std::set<ServiceBit>;

struct Piece {
    ServiceBits services;
    PeerBits peers;
    bool operator==(const Piece&) const = default;
};

// Alternatives of peers with their services, on the way to the fewest pieces.
class PieceMaker {
  public:
    void add(PeerBits peers, const ServiceBits& services);
    std::vector<Piece> merged() const; // in the order of services

  private:
    std::vector<Piece> by_peers_;
};

// Immutable once made; subjects and deltas share it.
struct Program {
    std::string rule; // "ruleset/rule"
    model::Action action = model::Action::allow;
    bool outbound = false;
    std::int64_t ends_ns = 0; // wall clock since 1970; 0: it stays
    std::vector<Piece> pieces;
    Bitmap named;                // every identity that a piece names
    bool all_workloads = false;  // some piece means every identity
    std::set<std::string> lists; // every list that a piece names
    bool operator==(const Program&) const = default;

    // `id`: "ruleset/rule"
    static Program make(std::string id, const model::Rule& rule, bool outbound,
                        const PieceMaker& pieces);
    void write(v1::Subject& out) const;
};

} // namespace ringwall::compute
