// Both ends of every pair of cohorts, for one port: who reaches it, counted without looking at each
// pair. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/history/side.h"

namespace ringwall::history {

// Workloads that an end lets out: by the modes as they are, and as if all were in full.
struct Count {
    std::int64_t now = 0, enforced = 0;
    void operator+=(const Count& more) {
        now += more.now;
        enforced += more.enforced;
    }
    void operator-=(const Count& less) {
        now -= less.now;
        enforced -= less.enforced;
    }
};

class Ends {
  public:
    using Processes = std::vector<agent::ProcessFacts>; // that listen on one port

    // `cohorts` outlives it, and is of this policy.
    Ends(const model::Policy& policy, const Cohorts& cohorts, std::int64_t now_ns);

    // What is asked from now on is of this port.
    void take(Port port);

    // Sources that could reach the port at a workload with an agent, itself among them, by what the
    // destination says of them.
    struct Reached {
        std::array<Count, 3> by_says;
        Says own_in{}, own_out{}; // of the destination to its own cohort
        Count& at(Says says) { return by_says[static_cast<std::size_t>(says)]; }
    };
    Reached reached(CohortId destination, const Processes& processes);

  private:
    using Signs = std::vector<std::pair<CohortId, Side::Sign>>;
    struct Source {
        const Side* side = nullptr;   // null: nobody judges there
        std::size_t told = 0;         // place of its first sign in told_
        std::array<Count, 3> weights; // what it counts for, by what it says
    };

    const Side& inbound(CohortId destination);
    void add_crowd(const model::Policy& policy);
    void add_sides();
    Says out(const Source& source, Side::Sign sign);
    static const Count& weight(const Source& source, Says says) {
        return source.weights[static_cast<std::size_t>(says)];
    }

    const Cohorts& cohorts_;
    std::int64_t now_ns_;
    std::vector<Source> sources_; // by cohort
    std::vector<Signs> naming_;   // by cohort: sources whose rules name it
    std::unordered_map<std::uint32_t, std::unique_ptr<Side>> inbound_, outbound_; // by identity
    // Of the port that is looked at.
    Port port_;
    std::vector<std::uint8_t> told_; // what sources say by sign, as far as they were asked
    Count unnamed_;                  // all sources, by their rules that name everybody
};

} // namespace ringwall::history
