// Random policies over the whole form, and flows that are biased to meet their rules. Everything
// follows from the seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "control/model/model.h"
#include "tests/oracle/evaluate.h"

namespace ringwall::oracle {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool percent(unsigned chance) { return below(100) < chance; }
    template <typename T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }
    // The index of one weight, in proportion.
    std::size_t weighted(const std::vector<unsigned>& weights);

  private:
    std::mt19937_64 engine_;
};

// What selectors may ask for and processes may be.
struct Programs {
    std::vector<std::string> paths, units, containers, sha256;
    std::vector<std::string> unit_paths; // of processes
    std::vector<std::string> users, groups;
    std::vector<std::uint32_t> uids, gids;
    Node node;
};

const Programs& imaginary_programs();

// Do some allow rules expire, long before or long after `usual_now_ns`?
enum class Expiry { never, some };

// A policy that is valid by the specification.
model::Policy random_policy(Dice& dice, const Programs& programs, Expiry expiry = Expiry::never);

// The same policy after a day: another label, mode or address, a workload more or less, a rule
// less.
model::Policy random_change(Dice& dice, model::Policy policy);

Flow random_flow(Dice& dice, const model::Policy& policy, const Programs& programs,
                 const model::Workload& subject);

// A process that fits the selector wholly, nearly, or as far as can be resolved.
Process random_process(Dice& dice, const Programs& programs, const Node& node,
                       const model::ProcessSelector* wanted);

} // namespace ringwall::oracle
