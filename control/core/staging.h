// A draft that is staged: what of it outlives a restart, and what agents saw of it. Pure: no clock,
// no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "control/core/error.h"
#include "control/proto/session.pb.h"
#include "control/store/values.h"

namespace ringwall::core {

// What provisioning it at that moment would have made: later edits of the draft do not change it.
struct StagedDraft {
    std::uint64_t number = 0; // 1, 2, 3 ...: never used twice
    std::uint64_t base = 0;   // the version that the changes are made to; 0: no content
    std::vector<store::ObjectChange> changes;
    std::string actor, note;
    std::int64_t since_ns = 0;
};
boost::json::object to_json(const StagedDraft& draft);
Result<StagedDraft> parse_staged(const std::string& text);

// `contents` with the changes made.
std::vector<store::Object> applied(std::vector<store::Object> contents,
                                   const std::vector<store::ObjectChange>& changes);
// The same objects with the same bodies.
bool same_contents(const std::vector<store::Object>& one, const std::vector<store::Object>& other);

// Of each agent the newest Impact of the present staging.
class Impacts {
  public:
    // Of all agents together. What is beyond it counts as omitted, the rarest first.
    explicit Impacts(std::size_t most_rows = 50'000) : most_rows_(most_rows) {}

    // Another staging, or none (0): what was said of the one before is forgotten.
    void begin(std::uint64_t staging);
    // In the place of what the agent said before. False: of another staging, not taken.
    bool take(const std::string& agent, v1::Impact impact);
    void forget(const std::string& agent);

    bool has(const std::string& agent) const { return by_agent_.contains(agent); }
    const std::map<std::string, v1::Impact>& all() const { return by_agent_; }
    std::size_t rows() const { return rows_; }

  private:
    std::size_t most_rows_, rows_ = 0;
    std::uint64_t staging_ = 0;
    std::map<std::string, v1::Impact> by_agent_;
};

// Rows that agree in everything but address, count and time, as one.
struct ImpactSum {
    v1::ImpactRow row; // count, first and last of all; the address of the last
    std::set<std::string> agents;
    std::string id; // stays the same while counts rise
};
// Those that `wanted` takes: newly blocked before newly allowed, then by falling count.
std::vector<ImpactSum>
summed(const Impacts& impacts,
       const std::function<bool(const std::string& agent, const v1::ImpactRow& row)>& wanted);

} // namespace ringwall::core
