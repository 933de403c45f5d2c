// Who each distinct selector under a scope means now, and which rules ask.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/compute/fleet_bitmap.h"
#include "control/compute/fleet_identities.h"
#include "control/model/model.h"

namespace ringwall::compute {

class CompiledRule;

// An end of a rule: `from` or `to` number `element` of the rule's instance (its n-th scope).
struct Use {
    CompiledRule* rule = nullptr;
    bool from = false;
    std::uint32_t instance = 0, element = 0;
    auto operator<=>(const Use&) const = default;
};

struct Extent {
    model::Selector selector;
    std::optional<model::Scope> scope; // only where it narrows the selector
    Bitmap members;
    std::set<Use> uses;
};

class Extents {
  public:
    // The extent of a selector that names no list; made when nobody asked for it before.
    Extent* add(const model::Selector& selector, const model::Scope* scope, const Use& use,
                const IdentityTable& identities, const model::Policy& policy);
    // Ends with its last use.
    void remove(Extent* extent, const Use& use);
    // Those that mean this identity, whether or not it lives.
    std::vector<Extent*> meaning(const IdentityKey& who, const model::Policy& policy) const;

  private:
    using Anchor = std::vector<std::pair<std::string, std::string>>; // one of these labels it has
    struct Kept {
        std::unique_ptr<Extent> extent;
        Anchor anchor;
    };
    std::set<Extent*>& anchored(const Anchor::value_type& label);

    std::map<std::string, Kept> by_text_;
    std::map<std::string, std::map<std::string, std::set<Extent*>>> by_label_;
    std::set<Extent*> by_nothing_; // groups, exclusions, `all` and `any`: asked each time
    std::map<std::string, Extent*> by_workload_;
};

} // namespace ringwall::compute
