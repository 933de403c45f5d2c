// Edges as a picture that can be looked at: ends grouped by chosen labels, edges between two groups
// bundled, and no more of them than a picture has room for. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "control/flowmap/catalog.h"
#include "control/flowmap/edge.h"
#include "control/flowmap/reader.h"

namespace ringwall::flowmap {

using Keys = std::span<const std::string>; // of labels

// A group of ends.
struct Node {
    // "app=Payments,env=Production", "unlabelled", "list:office", "10.1.2.0/24", "internet": the
    // same group has the same id in every answer.
    std::string id;
    std::string kind; // workloads, unlabelled, list, network, internet
    std::string name; // for people: "Payments, Production"
    boost::json::object labels;
};
Node node_of(const Side& side, const boost::json::object& party, Keys keys);
// The id alone, of workloads with these labels.
std::string node_id(const std::map<std::string, std::string>& labels, Keys keys);

struct Service {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    auto operator<=>(const Service&) const = default;
};

// All edges of one verdict between two nodes.
struct Bundle {
    std::size_t source = 0, destination = 0; // places in Graph::nodes
    v1::FlowVerdict verdict = v1::FLOW_VERDICT_UNSPECIFIED;
    Numbers numbers;
    std::map<Service, std::uint64_t> services; // with connections
    std::size_t edges = 0;
};

struct Graph {
    std::vector<Node> nodes;     // the busiest first
    std::vector<Bundle> bundles; // likewise
    std::size_t hidden_nodes = 0, hidden_bundles = 0;
};

struct GraphLimits {
    std::size_t nodes = 300, bundles = 2000;
};

// What does not fit is left out, least busy first, and counted. `verdict`: of an edge; what both
// ends said, where it is not given.
using VerdictOf = std::function<v1::FlowVerdict(EdgeId)>;
Graph group(const Catalog& catalog, std::span<const EdgeNumbers> edges, Keys keys,
            const GraphLimits& limits, const VerdictOf& verdict = {});

} // namespace ringwall::flowmap
