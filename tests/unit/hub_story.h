// What a hub tells, as sentences.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "control/fleet/hub.h"

namespace ringwall::session_test {

inline const char* word(v1::Half half) {
    return half == v1::POLICY ? "policy" : "inventory";
}

// What was told, one sentence each; `then` is called inside of each telling.
class Story : public fleet::Listener {
  public:
    void greeted(const std::string& agent, const v1::Hello&) override { tell(agent + " greeted"); }
    void acked(const std::string& agent, v1::Half half, const v1::Holding& held) override {
        tell(fmt::format("{} acked {} {}", agent, word(half), held.version()));
    }
    void nacked(const std::string& agent, const v1::Nack& nack) override {
        tell(fmt::format("{} refused {}: {}", agent, nack.version(), nack.sentence()));
    }
    void ahead(const std::string& agent, v1::Half half, const v1::Holding& held) override {
        tell(fmt::format("{} is ahead in {}: {}", agent, word(half), held.version()));
    }
    void rolled_back(const std::string& agent, const v1::RolledBack& told) override {
        tell(fmt::format("{} left {} for {}", agent, told.version(), told.held().version()));
    }
    void store_flows(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
                     std::uint64_t) override {
        tell(fmt::format("{} flows {}: {}-{}", agent, stream, batch.first(), batch.last()));
    }
    void reported(const std::string& agent, const v1::HostReport& report) override {
        tell(agent + " runs " + report.kernel());
    }
    void impact(const std::string& agent, const v1::Impact& impact) override {
        tell(fmt::format("{} saw {} rows of staging {}", agent, impact.rows_size(),
                         impact.staging()));
    }
    void command_done(const std::string& agent, const v1::CommandResult& result) override {
        tell(fmt::format("{} command {}: {}", agent, result.id(), result.sentence()));
    }
    void present(const std::string& agent, fleet::Presence presence) override {
        tell(agent + " " + name(presence));
    }
    void duplicate(const std::string& agent, const std::string&) override {
        tell(agent + " twice");
    }

    std::vector<std::string> told() { return std::exchange(told_, {}); }
    std::function<void(const std::string&)> then;
    bool nested = false; // ever two at once

  private:
    void tell(const std::string& sentence) {
        nested |= std::exchange(telling_, true);
        told_.push_back(sentence);
        if (then)
            then(sentence);
        telling_ = false;
    }
    std::vector<std::string> told_;
    bool telling_ = false;
};

} // namespace ringwall::session_test
