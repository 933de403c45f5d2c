#include "control/flowmap/graph.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringwall::flowmap {
namespace {

namespace json = boost::json;

constexpr const char* unlabelled = "unlabelled";

// The nodes of sides, made once each.
class Nodes {
  public:
    Nodes(const Catalog& catalog, Keys keys) : catalog_(catalog), keys_(keys) {}

    std::size_t of(SideId side) {
        const auto [known, fresh] = by_side_.try_emplace(side);
        if (fresh)
            known->second = add(node_of(catalog_.side(side), catalog_.party(side), keys_));
        return known->second;
    }
    std::vector<Node>& all() { return nodes_; }

  private:
    std::size_t add(Node node) {
        const auto [known, fresh] = by_id_.try_emplace(node.id, nodes_.size());
        if (fresh)
            nodes_.push_back(std::move(node));
        return known->second;
    }

    const Catalog& catalog_;
    Keys keys_;
    std::unordered_map<SideId, std::size_t> by_side_;
    std::unordered_map<std::string, std::size_t> by_id_;
    std::vector<Node> nodes_;
};

using BundleKey = std::tuple<std::size_t, std::size_t, v1::FlowVerdict>;

std::vector<Bundle> bundle(const Catalog& catalog, std::span<const EdgeNumbers> edges, Nodes& nodes,
                           const VerdictOf& verdict) {
    std::map<BundleKey, Bundle> bundles;
    for (const auto& [id, numbers] : edges) {
        const Edge& edge = catalog.edge(id);
        const BundleKey key{nodes.of(edge.source), nodes.of(edge.destination),
                            verdict ? verdict(id) : catalog.verdict(id)};
        Bundle& bundle = bundles[key];
        std::tie(bundle.source, bundle.destination, bundle.verdict) = key;
        bundle.numbers += numbers;
        bundle.services[{edge.protocol, edge.port}] += numbers.count;
        ++bundle.edges;
    }
    std::vector<Bundle> out;
    for (auto& [key, bundle] : bundles)
        out.push_back(std::move(bundle));
    return out;
}

// Blocked ones are seldom many, and what one looks for.
bool busier(const Bundle& one, const Bundle& other) {
    return std::tuple(one.verdict == v1::BLOCKED, one.numbers.count, one.numbers.last_ns) >
           std::tuple(other.verdict == v1::BLOCKED, other.numbers.count, other.numbers.last_ns);
}

// Of labels, as far as they have these keys.
Node node_of_labels(const json::object& labels, Keys keys) {
    Node out;
    std::map<std::string, std::string> texts;
    std::vector<std::string> name;
    for (const auto& key : keys)
        if (const auto* value = labels.if_contains(key); value && value->is_string()) {
            texts.emplace(key, value->get_string());
            name.emplace_back(value->get_string());
            out.labels[key] = *value;
        }
    out.kind = texts.empty() ? unlabelled : "workloads";
    out.id = node_id(texts, keys);
    out.name = name.empty() ? unlabelled : fmt::format("{}", fmt::join(name, ", "));
    return out;
}

} // namespace

std::string node_id(const std::map<std::string, std::string>& labels, Keys keys) {
    std::string out;
    for (const auto& key : keys)
        if (const auto value = labels.find(key); value != labels.end()) {
            out += out.empty() ? "" : ",";
            out += key;
            out += '=';
            out += value->second;
        }
    return out.empty() ? unlabelled : out;
}

Node node_of(const Side& side, const json::object& party, Keys keys) {
    switch (side.kind) {
    case Kind::list:
        return {"list:" + side.who, "list", side.who, {}};
    case Kind::network:
        return {side.who, "network", side.who, {}};
    case Kind::internet:
        return {"internet", "internet", "internet", {}};
    case Kind::workloads:
        break;
    }
    const auto* labels = party.if_contains("labels");
    return node_of_labels(labels && labels->is_object() ? labels->get_object() : json::object{},
                          keys);
}

Graph group(const Catalog& catalog, std::span<const EdgeNumbers> edges, Keys keys,
            const GraphLimits& limits, const VerdictOf& verdict) {
    Nodes nodes(catalog, keys);
    auto bundles = bundle(catalog, edges, nodes, verdict);
    std::ranges::sort(bundles, busier);
    Graph out;
    constexpr auto nowhere = static_cast<std::size_t>(-1);
    std::vector<std::size_t> place(nodes.all().size(), nowhere);
    const auto seat = [&](std::size_t node) {
        if (place[node] == nowhere && out.nodes.size() < limits.nodes) {
            place[node] = out.nodes.size();
            out.nodes.push_back(std::move(nodes.all()[node]));
        }
        return place[node];
    };
    for (Bundle& one : bundles) {
        const auto source = out.bundles.size() < limits.bundles ? seat(one.source) : nowhere;
        const auto destination = source == nowhere ? nowhere : seat(one.destination);
        if (destination == nowhere)
            continue;
        one.source = source;
        one.destination = destination;
        out.bundles.push_back(std::move(one));
    }
    out.hidden_nodes = nodes.all().size() - out.nodes.size();
    out.hidden_bundles = bundles.size() - out.bundles.size();
    return out;
}

} // namespace ringwall::flowmap
