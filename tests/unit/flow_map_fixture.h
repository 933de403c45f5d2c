// Flows for the map: which end says what of whom.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/address_bytes.h"
#include "control/flowmap/edge_map.h"
#include "tests/unit/scratch.h"

namespace ringwall::flowmap::testing {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t noon = floor_to(1'790'000'000 * second, Span::day) + 12 * hour_ns;

inline std::string app(const std::string& role) {
    return R"({"app":"Payments","role":")" + role + "\"}";
}

// A connection from web to app as one end tells it.
struct Told {
    bool by_source = true;
    std::string process = "/usr/bin/curl";
    std::string source = "10.0.0.1", destination = "10.0.1.7";
    std::string source_labels = app("Web"), destination_labels = app("App");
    v1::FlowVerdict verdict = v1::ALLOWED;
    std::uint64_t count = 1, bytes = 100;
    std::uint32_t port = 8080;
    std::int64_t at = noon;
};

inline flows::Row row(const Told& told, std::uint64_t id = 1) {
    flows::Row out;
    out.id = id;
    out.at_ns = told.at;
    out.received_ns = told.at + second;
    out.agent = told.by_source ? "web-1" : "app-1";
    out.labels = {told.source_labels, told.destination_labels};
    auto& summary = out.summary;
    const auto source = address_bytes(*Address::parse(told.source)),
               destination = address_bytes(*Address::parse(told.destination));
    summary.set_direction(told.by_source ? v1::OUTBOUND : v1::INBOUND);
    summary.set_local(told.by_source ? source : destination);
    summary.set_peer(told.by_source ? destination : source);
    summary.set_protocol(6);
    summary.set_port(told.port);
    summary.set_count(told.count);
    summary.set_verdict(told.verdict);
    summary.set_reason(told.verdict == v1::BLOCKED ? "no rule" : "allow");
    summary.set_bytes_sent(told.by_source ? told.bytes : 0);
    summary.set_bytes_received(told.by_source ? 0 : told.bytes);
    summary.set_first_ns(told.at - second);
    summary.set_last_ns(told.at);
    summary.mutable_process()->set_path(told.process);
    return out;
}

inline Told served(Told told = {}) {
    told.by_source = false;
    if (told.process == Told{}.process)
        told.process = "/usr/sbin/nginx";
    return told;
}

// "/usr/bin/curl -> /usr/sbin/nginx 8080 allowed": connections
using Lines = std::map<std::string, std::uint64_t>;

inline std::string line(const Catalog& catalog, EdgeId id) {
    const auto end = [&](SideId side) {
        const Side& known = catalog.side(side);
        if (known.verdict == v1::FLOW_VERDICT_UNSPECIFIED)
            return known.kind == Kind::workloads  ? std::string("?")
                   : known.kind == Kind::internet ? std::string("internet")
                                                  : known.who;
        return known.process;
    };
    const Edge& edge = catalog.edge(id);
    return fmt::format("{} -> {} {} {}", end(edge.source), end(edge.destination), edge.port,
                       catalog.verdict(id) == v1::BLOCKED ? "blocked" : "allowed");
}

inline Lines lines(const Catalog& catalog, const auto& totals) {
    Lines out;
    for (const auto& [edge, numbers] : totals)
        out[line(catalog, edge)] += numbers.count;
    return out;
}

// The store of flows: rows by number.
class Rows final : public Past {
  public:
    const flows::Row& add(const Told& told) {
        rows_.push_back(row(told, rows_.size() + 1));
        return rows_.back();
    }
    void forget_before(std::int64_t at_ns) { complete_since_ = at_ns; }
    const std::vector<flows::Row>& all() const { return rows_; }

    flows::Result<void> between(std::int64_t since_ns, std::int64_t until_ns, std::uint64_t below,
                                const Visit& visit) const override {
        for (const auto& each : rows_)
            if (each.at_ns >= since_ns && each.at_ns < until_ns && each.id < below)
                visit(each);
        return {};
    }
    flows::Result<void> behind(std::uint64_t id, const Visit& visit) const override {
        for (const auto& each : rows_)
            if (each.id > id)
                visit(each);
        return {};
    }
    std::int64_t complete_since_ns() const override { return complete_since_; }

  private:
    std::vector<flows::Row> rows_;
    std::int64_t complete_since_ = 0;
};

template <typename T>
T must(flows::Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

// A map in a folder of its own.
class MapTest : public ::testing::Test {
  protected:
    void open() {
        options.path = scratch.path("map.db");
        map.reset(); // the file is one process's
        map = must(EdgeMap::open(options, rows));
    }
    void take(const Told& told) { map->take(rows.add(told)); }

    agent::testing::Scratch scratch;
    MapOptions options;
    Rows rows;
    std::unique_ptr<EdgeMap> map;
};

} // namespace ringwall::flowmap::testing
