// What makes an identity, and who gives it its number.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "control/model/model.h"

namespace ringwall::compute {

// Workloads alike in all three are one.
struct IdentityKey {
    model::Labels labels;
    bool managed = false;
    std::string workload; // set for a workload that some rule names
    auto operator<=>(const IdentityKey&) const = default;
};

// The key's number, 1 and up: always the same one, and no other key's ever. Agents hold numbers, so
// they have to mean the same after a restart of the controller, and in every fleet it computes.
using Numbering = std::function<std::uint32_t(const IdentityKey&)>;

} // namespace ringwall::compute
