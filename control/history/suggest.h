// Labels that a workload without them, or with odd ones, probably should have: those of others on
// which the same programs listen. Names say nothing here. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "control/history/listening.h"
#include "control/model/model.h"

namespace ringwall::history {

struct Suggestion {
    std::string workload;
    bool mislabelled = false;          // not like the others with its labels; else it lacks some
    model::Labels labels;              // now
    model::Labels suggested;           // keys to set or to change
    double score = 0;                  // how like those others it is, at most 1
    std::size_t like = 0;              // how many of those are like it
    std::vector<std::string> evidence; // sentences without full stops
};

struct Suggestions {
    std::vector<Suggestion> items; // best first
    std::size_t considered = 0;    // workloads that have reported
};

// Nothing is suggested without at least two like it, nor where other values are nearly as likely,
// nor for programs that most others run as well. `workloads`: all that may be looked at.
Suggestions suggest(const std::vector<model::Workload>& workloads, const Heard& heard);

} // namespace ringwall::history
