#include "agent/halves.h"

#include <array>

#include "agent/held.h"

namespace ringwall::agent {
namespace {

bool fit(const PolicyRef& policy, const InventoryRef& inventory) {
    return policy && inventory && !missing_identity(policy->policy, inventory->inventory);
}

} // namespace

std::optional<Choice> choose(const Halves& held, const Halves& came, bool last_call) {
    if (!came.policy && !came.inventory)
        return std::nullopt;
    const std::array<Choice, 3> choices{{{came, true, true},
                                         {{came.policy, held.inventory}, true, false},
                                         {{held.policy, came.inventory}, false, true}}};
    for (const auto& choice : choices)
        if ((came.policy || !choice.takes_policy) && (came.inventory || !choice.takes_inventory) &&
            fit(choice.enforce.policy, choice.enforce.inventory))
            return choice;
    // An inventory alone decides nothing; a policy alone would deny every peer.
    if (came.inventory && !came.policy && !held.policy)
        return Choice{{nullptr, came.inventory}, false, true};
    if (!last_call || (came.policy && !came.inventory && !held.inventory))
        return std::nullopt;
    return Choice{
        {came.policy ? came.policy : held.policy, came.inventory ? came.inventory : held.inventory},
        came.policy != nullptr,
        came.inventory != nullptr};
}

} // namespace ringwall::agent
