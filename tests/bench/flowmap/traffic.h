// A fleet that talks, made up from a seed: applications of five roles in two environments, with
// connections inside an application, between applications, to name servers, and from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "control/flows/row.h"

namespace ringwall::bench {

struct TrafficSize {
    std::size_t workloads = 50'000, apps = 500;
};

class Traffic {
  public:
    Traffic(const TrafficSize& size, std::uint64_t seed);

    // Adds the summaries of both ends of one connection (one, where one end has no agent) to
    // `out`, numbered on from `id`.
    void connection(std::int64_t at_ns, std::uint64_t& id, std::vector<flows::Row>& out);
    // Adds an attempt of the stranger of that number on one service, blocked.
    void scanner(std::uint32_t number, std::int64_t at_ns, std::uint64_t& id,
                 std::vector<flows::Row>& out) const;
    std::string app(std::size_t number) const; // label

  private:
    struct Kind {
        std::size_t from_role, to_role;
        std::uint32_t port;
        const char* client;
        const char* server;
    };
    std::size_t roll(std::size_t below) { return dice_() % below; }
    std::size_t workload(std::size_t app, std::size_t env, std::size_t role);
    const std::string& labels(std::size_t workload) const;
    static std::string address(std::size_t workload);
    flows::Row half(bool by_source, const std::string& source, const std::string& destination,
                    const Kind& kind, std::int64_t at_ns) const;
    void add(flows::Row row, std::size_t source, std::size_t destination, std::uint64_t& id,
             std::vector<flows::Row>& out) const;
    void knock(std::uint32_t source, std::size_t destination, std::int64_t at_ns, std::uint64_t& id,
               std::vector<flows::Row>& out) const;
    void stranger(std::int64_t at_ns, std::uint64_t& id, std::vector<flows::Row>& out);

    TrafficSize size_;
    std::mt19937_64 dice_;
    std::vector<std::string> labels_; // by label set
};

} // namespace ringwall::bench
