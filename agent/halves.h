// Which policy and which inventory to enforce next, out of those that are held and those that came.
// Pure.
//
// A change at the controller often changes both halves, and they come one after the other. Enforced
// apart, new labels would for a moment meet old rules and cut connections that both allow.
#pragma once

#include <optional>

#include "agent/session.h"

namespace ringwall::agent {

struct Halves {
    PolicyRef policy;
    InventoryRef inventory;
};

struct Choice {
    Halves enforce; // a null half: nothing can be enforced yet, only kept
    bool takes_policy = false, takes_inventory = false; // of those that came
};

// `came`: not yet enforced, null where nothing came. nullopt: wait for the other half, unless
// `last_call`.
std::optional<Choice> choose(const Halves& held, const Halves& came, bool last_call);

} // namespace ringwall::agent
