// What a change means to the inventory of one host.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "control/compute/fleet_change.h"
#include "control/compute/fleet_touched.h"

namespace ringwall::compute {

// A host is shown the addresses that somebody in its sight claims, and all who claim one of them.
class Glance {
  public:
    enum class Moment { before, now }; // the change

    // `realm`: the host's own name where addresses mean something there only; null: nowhere.
    Glance(TouchedRows& rows, const View& view, const std::string* realm)
        : rows_(rows), view_(view), realm_(realm) {}

    // `in_sight`: at least those with touched rows that the host sees. nullopt: it is shown what it
    // was shown.
    std::optional<InventoryChange> change(std::span<const std::uint32_t> in_sight);

  private:
    using Realms = std::vector<TouchedRow>; // of one address: everywhere, and on this host
    bool is_meant(const RowKey& key) const {
        return key.second.empty() || (realm_ && key.second == *realm_);
    }
    Realms realms(const Address& address) const;
    bool& found(Moment when); // somebody who is shown at this moment only
    bool in_sight(std::uint32_t identity, Moment when) const;
    bool seen(std::span<const TouchedRow> realms, Moment when) const;
    bool shown(std::uint32_t identity, Moment when) const;
    void look_for_others(const TouchedRow& row, Moment when);
    void look_at(const RowKey& key, const TouchedRow& row);
    void look(std::span<const TouchedRow> realms);
    void look_at_touched(std::uint32_t identity);
    void look_at_untouched(std::uint32_t identity);
    void look_at_moved(const NumberSet& moved, Moment when);
    bool is_done() const { return differs_ && found_.gains && found_.loses; }

    TouchedRows& rows_;
    const View& view_;
    const std::string* realm_;
    bool differs_ = false;
    InventoryChange found_;
};

} // namespace ringwall::compute
