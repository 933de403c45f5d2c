// Which agents have been silent for longer than the operator bears with. Pure; times are on the
// controller's steady clock.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ringwall::core {

class Silence {
  public:
    using Time = std::chrono::milliseconds;

    // `grace`: how long the silent stay in their peers' policy; 0: for ever.
    explicit Silence(Time grace) : grace_(grace) {}

    void begins(const std::string& agent, Time now);
    // It speaks, or is no more. True: it had been given up.
    bool ends(const std::string& agent);

    // Those whose grace is over, once: from then on they are given up.
    std::vector<std::string> give_up(Time now);
    std::optional<Time> due() const;
    bool given_up(const std::string& agent) const { return given_up_.contains(agent); }

  private:
    Time grace_;
    std::map<std::string, Time> since_; // and not given up
    std::set<std::string> given_up_;
};

} // namespace ringwall::core
