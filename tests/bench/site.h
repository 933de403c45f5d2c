// Where the loads run: pairs of network namespaces joined by veth, and cgroups with the datapath,
// the floor or nothing attached. All made and removed by the benchmark.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load.h"

namespace ringwall::bench {

// Two namespaces: 10.98.0.1 (client) and 10.98.0.2 (server).
class Wire {
  public:
    Wire();
    Wire(const Wire&) = delete;
    ~Wire();
    std::string client() const;
    std::string server() const;
    // Stateful nftables in both, with `rules` rules of which the last one allows the load.
    void nftables(int rules) const;

  private:
    int holders_[2] = {-1, -1};
};

class Cgroup {
  public:
    explicit Cgroup(const std::string& name);
    Cgroup(const Cgroup&) = delete;
    ~Cgroup();
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// One way that packets can take, by name.
struct Path {
    std::string name, mode;
    std::size_t peers = 0, entries = 0;
    Site site;
};

} // namespace ringwall::bench
