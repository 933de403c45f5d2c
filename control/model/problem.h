// What is wrong with a policy, where, and what to write instead.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"

namespace ringwall::model {

enum class Severity { error, warning };

struct Problem {
    Place place;
    std::string message; // "what is wrong; what to write"
    Severity severity = Severity::error;
    bool operator==(const Problem&) const = default;
};

} // namespace ringwall::model
