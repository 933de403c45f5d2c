// What a run has exercised, and the floor each kind must reach.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/oracle/evaluate.h"

namespace ringwall::oracle {

class Coverage {
  public:
    void add(const model::Workload& subject, const Flow& flow, const Decision& decision);
    std::uint64_t decisions() const { return decisions_; }
    // What stays below its share: 1 % for every kind, 20 % for passing and for blocking.
    std::vector<std::string> missing() const;
    std::string text() const;

  private:
    void count(const std::string& group, const std::string& kind) { ++counts_[group][kind]; }

    std::uint64_t decisions_ = 0;
    std::map<std::string, std::map<std::string, std::uint64_t>> counts_;
};

} // namespace ringwall::oracle
