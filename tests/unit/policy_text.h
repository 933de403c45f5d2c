// Policies written as people write them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "control/policy/load.h"

namespace ringwall::test {

// Throws its first problem.
inline model::Policy policy(const std::string& text) {
    auto loaded = policy::load_text(text, "test.yaml");
    if (!loaded)
        throw std::runtime_error(policy::line(loaded.error().front()));
    return std::move(*loaded);
}

} // namespace ringwall::test
