// The product in one cgroup: real programs and maps, a policy of a given size, events drained on
// the other core.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "loader/datapath.h"
#include "tests/bench/site.h"

namespace ringwall::bench {

class Product {
  public:
    // Peers 10.98.0.1 and .2 talk on TCP 5000; the rest is ballast of the same form.
    Product(const Cgroup& cgroup, loader::Mode mode, std::size_t peers, std::size_t entries,
            const std::string& bpffs, int drain_cpu);
    ~Product();
    loader::Datapath& datapath() { return *datapath_; }

  private:
    void drain(std::stop_token stop, int cpu);

    std::unique_ptr<loader::Datapath> datapath_;
    std::jthread drainer_;
};

// The same hooks with nothing in them.
class Floor {
  public:
    explicit Floor(const Cgroup& cgroup);
    ~Floor();

  private:
    struct Links;
    std::unique_ptr<Links> links_;
};

} // namespace ringwall::bench
