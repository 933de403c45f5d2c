#include "control/flowmap/catalog.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/hash.h"
#include "common/label_order.h"

namespace ringwall::flowmap {
namespace {

namespace json = boost::json;

void append(std::string& key, const std::string& part) {
    key += std::to_string(part.size());
    key += ':';
    key += part;
}

void write_key(const Side& side, std::string& key) {
    key.assign({static_cast<char>('a' + static_cast<int>(side.kind)),
                static_cast<char>('a' + static_cast<int>(side.verdict))});
    for (const auto* part : {&side.who, &side.process, &side.unit, &side.container, &side.user,
                             &side.rule, &side.reason})
        append(key, *part);
}

void put(json::object& out, const char* key, const std::string& value) {
    if (!value.empty())
        out[key] = value;
}

json::object party_of(const Side& side) {
    json::object out;
    if (side.kind == Kind::workloads) {
        boost::system::error_code error;
        auto labels = json::parse(side.who, error);
        if (!error && labels.is_object() && !labels.get_object().empty()) {
            put(out, "context", context_of(labels.get_object()));
            out["labels"] = std::move(labels);
        }
    }
    if (side.kind == Kind::list)
        out["lists"] = json::array{side.who};
    if (side.kind == Kind::network)
        out["network"] = side.who;
    json::object process;
    put(process, "shown", shown(side));
    put(process, "path", side.process);
    put(process, "unit", side.unit);
    put(process, "container", side.container);
    put(process, "user", side.user);
    if (!process.empty())
        out["process"] = std::move(process);
    return out;
}

} // namespace

std::string context_of(const json::object& labels) {
    std::vector<std::string> parts;
    for (const auto key : usual_labels)
        if (const auto* value = labels.if_contains(key); value && value->is_string())
            parts.emplace_back(value->get_string());
    return fmt::format("{}", fmt::join(parts, ", "));
}

// The unit's last part, else the container, else the program's name.
std::string shown(const Side& side) {
    if (side.unit.empty() && !side.container.empty())
        return side.container;
    const auto& whole = side.unit.empty() ? side.process : side.unit;
    return whole.substr(whole.rfind('/') + 1);
}

std::size_t Catalog::Hash::operator()(const Edge& edge) const {
    return mix(std::uint64_t{edge.source} << 32 | edge.destination,
               std::uint64_t{edge.protocol} << 16 | edge.port);
}

SideId Catalog::side(const Side& side) {
    write_key(side, key_);
    const auto found = side_ids_.find(key_);
    if (found != side_ids_.end())
        return found->second;
    const auto id = static_cast<SideId>(sides_.size());
    sides_.push_back({side, party_of(side)});
    side_ids_.emplace(key_, id);
    return id;
}

EdgeId Catalog::edge(const Edge& edge) {
    if (const auto found = edge_ids_.find(edge); found != edge_ids_.end())
        return found->second;
    if (edges_.size() < most_edges_)
        return number(edge);
    ++narrowed_;
    Edge narrow = edge;
    narrow.source = without_details(edge.source);
    narrow.destination = without_details(edge.destination);
    if (edges_.size() >= most_edges_ + most_edges_ / 2)
        narrow.port = 0;
    const auto found = edge_ids_.find(narrow);
    return found == edge_ids_.end() ? number(narrow) : found->second;
}

EdgeId Catalog::number(const Edge& edge) {
    const auto id = static_cast<EdgeId>(edges_.size());
    edges_.push_back(edge);
    first_seen_.push_back(0);
    edge_ids_.emplace(edge, id);
    return id;
}

SideId Catalog::without_details(SideId id) {
    const Side& whole = sides_[id].side;
    return side({.kind = whole.kind,
                 .who = whole.who,
                 .process = {},
                 .unit = {},
                 .container = {},
                 .user = {},
                 .verdict = whole.verdict,
                 .rule = {},
                 .reason = {}});
}

v1::FlowVerdict Catalog::verdict(EdgeId id) const {
    const auto& edge = edges_[id];
    return worse(sides_[edge.source].side.verdict, sides_[edge.destination].side.verdict);
}

} // namespace ringwall::flowmap
