// A large made-up organisation: workloads of many applications and the rules between them.
#pragma once

#include <cstddef>
#include <random>
#include <string>

#include "control/model/model.h"

namespace ringwall::bench {

struct Size {
    std::size_t workloads = 100'000, label_sets = 5'000, rules = 10'000;
};

class Estate {
  public:
    explicit Estate(const Size& size);
    const model::Policy& policy() const { return policy_; }

    std::size_t roll(std::size_t sides) { return engine_() % sides; }
    model::Workload& anybody() { return policy_.workloads[roll(policy_.workloads.size())]; }
    // The labels of the n-th label set: role, app, env, loc.
    model::Labels labels(std::size_t n) const;
    std::size_t label_sets() const { return size_.label_sets; }

  private:
    void add_workloads();
    void add_rules();
    model::Rule rule(std::size_t number, bool extra);

    Size size_;
    std::mt19937_64 engine_{1};
    model::Policy policy_;
};

} // namespace ringwall::bench
