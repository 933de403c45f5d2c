// One end's rules in one direction, asked of cohorts of peers: whoever the same rules name is asked
// about once, by the agent's own judge. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/why.h"
#include "control/history/cohorts.h"

namespace ringwall::history {

struct Port {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    auto operator<=>(const Port&) const = default;
};

// In the order of what lets more pass.
enum class Says : std::uint8_t { denied, unmatched, allowed };
bool passes(model::Mode mode, Says says);

class Side {
  public:
    // `rules`: as Cohorts::rules() gives them. What has expired at `now_ns` is no rule.
    Side(v1::Policy rules, bool inbound, const Cohorts& cohorts, std::int64_t now_ns);

    // Peers that are named by the same rules. 0: by none that does not name everybody.
    using Sign = std::uint32_t;
    // Cohorts with another sign, ascending.
    const std::vector<std::pair<CohortId, Sign>>& named() const { return named_; }
    Sign sign_of(CohortId cohort) const;
    std::size_t signs() const { return snapshots_.size(); }

    // What is not known of the process counts as if it fitted: the most that may pass.
    Says says(Sign sign, Port port, const agent::ProcessFacts& process) const;

  private:
    using Names = std::vector<std::pair<CohortId, int>>; // with a rule that names it, sorted
    Names names(const Cohorts& cohorts) const;
    void add_signs(const Cohorts& cohorts);
    void add_sign(const Cohort& cohort, const std::vector<int>& rules);

    bool inbound_;
    v1::Policy rules_;
    std::vector<int> everybody_; // rules that name all
    std::vector<std::pair<CohortId, Sign>> named_;
    std::vector<v1::Snapshot> snapshots_; // by sign: one peer, and the rules that name it
    std::vector<Address> peers_;          // likewise
};

} // namespace ringwall::history
