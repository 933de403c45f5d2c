// The store of flows as what the map is folded from.
#pragma once

#include "control/flowmap/edge_map.h"
#include "control/flows/store.h"

namespace ringwall::app {

class FlowPast final : public flowmap::Past {
  public:
    explicit FlowPast(const flows::Store& store) : store_(store) {}

    flows::Result<void> between(std::int64_t since_ns, std::int64_t until_ns, std::uint64_t below,
                                const Visit& visit) const override {
        return store_.each(since_ns, until_ns, {.first = 0, .below = below}, visit);
    }
    flows::Result<void> behind(std::uint64_t id, const Visit& visit) const override {
        return store_.each(0, std::numeric_limits<std::int64_t>::max(), {.first = id + 1}, visit);
    }
    std::int64_t complete_since_ns() const override { return store_.complete_since_ns(); }

  private:
    const flows::Store& store_;
};

} // namespace ringwall::app
