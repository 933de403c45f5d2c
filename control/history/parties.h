// The sides of recorded edges as parties that a policy can be asked about. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/history/label_judge.h"

namespace ringwall::history {

// Labels as a Side has them.
model::Labels labels_of(const std::string& who);

class Parties {
  public:
    // An agent stands where one was heard of.
    explicit Parties(const std::vector<flowmap::Side>& sides);

    const std::vector<Party>& all() const { return distinct_; } // once each
    LabelJudge::End end(const std::vector<flowmap::Side>& sides, std::size_t side) const;
    model::Labels labels(std::size_t side) const { return labels_of(of_sides_[side].who); }

  private:
    std::vector<Party> of_sides_, distinct_;
};

} // namespace ringwall::history
