// Sides and edges by number: each is kept once, however many spans of time name it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

#include "control/flowmap/edge.h"

namespace ringwall::flowmap {

std::string shown(const Side& side); // what people call its process
// "Web Server, Payments, Production, UK"
std::string context_of(const boost::json::object& labels);

// Numbers are given in order and stay what they are. Not for two threads at once.
class Catalog {
  public:
    // Edges beyond `most_edges` lose process, user and rule, and half as many later their port (0),
    // so that programs of ever new names and scans of all ports cannot grow this without an end.
    explicit Catalog(std::size_t most_edges) : most_edges_(most_edges) {}

    SideId side(const Side& side);
    EdgeId edge(const Edge& edge);
    // As it was stored: whatever most_edges is now.
    EdgeId load(const Edge& edge) { return number(edge); }

    const Side& side(SideId id) const { return sides_[id].side; }
    // The end as it stands in a Flow of openapi.json.
    const boost::json::object& party(SideId id) const { return sides_[id].party; }
    const Edge& edge(EdgeId id) const { return edges_[id]; }
    v1::FlowVerdict verdict(EdgeId id) const;
    // When the edge was seen first, wall clock; 0: nobody said.
    std::int64_t first_seen_ns(EdgeId id) const { return first_seen_[id]; }
    void seen(EdgeId id, std::int64_t at_ns) {
        if (first_seen_[id] == 0 || at_ns < first_seen_[id])
            first_seen_[id] = at_ns;
    }
    std::size_t most_edges() const { return most_edges_; }
    std::size_t sides() const { return sides_.size(); }
    std::size_t edges() const { return edges_.size(); }
    std::uint64_t narrowed() const { return narrowed_; } // times that an edge lost its details

  private:
    struct Known {
        Side side;
        boost::json::object party;
    };
    struct Hash {
        std::size_t operator()(const Edge& edge) const;
    };
    EdgeId number(const Edge& edge);
    SideId without_details(SideId id);

    std::size_t most_edges_;
    std::vector<Known> sides_;
    std::vector<Edge> edges_;
    std::vector<std::int64_t> first_seen_; // of edges
    std::unordered_map<std::string, SideId> side_ids_;
    std::unordered_map<Edge, EdgeId, Hash> edge_ids_;
    std::string key_;
    std::uint64_t narrowed_ = 0;
};

} // namespace ringwall::flowmap
