#include "control/compute/fleet_glance.h"

#include <algorithm>

namespace ringwall::compute {

Glance::Realms Glance::realms(const Address& address) const {
    Realms out{rows_.row({address, {}})};
    if (realm_)
        out.push_back(rows_.row({address, *realm_}));
    return out;
}

bool Glance::saw(std::span<const TouchedRow> realms) const {
    return std::ranges::any_of(realms, [&](const TouchedRow& row) {
        return std::ranges::any_of(row.before, [&](auto identity) { return view_.had(identity); });
    });
}

bool Glance::sees(std::span<const TouchedRow> realms) const {
    return std::ranges::any_of(realms, [&](const TouchedRow& row) {
        return std::ranges::any_of(row.now, [&](auto identity) { return view_.has(identity); });
    });
}

bool Glance::was_shown(std::uint32_t identity) const {
    return view_.had(identity) ||
           std::ranges::any_of(rows_.of(identity),
                               [&](const auto* row) {
                                   return is_meant(row->first) &&
                                          row->second.before.contains(identity) &&
                                          saw(realms(row->first.first));
                               }) ||
           std::ranges::any_of(rows_.untouched(identity), [&](const RowKey& key) {
               return is_meant(key) && saw(realms(key.first));
           });
}

bool Glance::is_shown(std::uint32_t identity) const {
    return view_.has(identity) ||
           std::ranges::any_of(rows_.of(identity),
                               [&](const auto* row) {
                                   return is_meant(row->first) &&
                                          row->second.now.contains(identity) &&
                                          sees(realms(row->first.first));
                               }) ||
           std::ranges::any_of(rows_.untouched(identity), [&](const RowKey& key) {
               return is_meant(key) && sees(realms(key.first));
           });
}

void Glance::look(std::span<const TouchedRow> realms) {
    const bool was_seen = saw(realms), is_seen = sees(realms);
    for (const TouchedRow& row : realms) {
        const bool was = was_seen && !row.before.empty(), is = is_seen && !row.now.empty();
        differs_ |= was != is || (is && row.differs);
        found_.gains |= is && std::ranges::any_of(row.now, [&](auto identity) {
                            return !found_.gains && !was_shown(identity);
                        });
        found_.loses |= was && std::ranges::any_of(row.before, [&](auto identity) {
                            return !found_.loses && !is_shown(identity);
                        });
    }
}

void Glance::look_at(const RowKey& key, const TouchedRow& row) {
    if (!is_meant(key))
        return;
    if (realm_)
        look(realms(key.first));
    else
        look({&row, 1});
}

void Glance::look_at_touched(std::uint32_t identity) {
    for (const auto* row : rows_.of(identity))
        if (!is_done())
            look_at(row->first, row->second);
}

void Glance::look_at_untouched(std::uint32_t identity) {
    for (const RowKey& key : rows_.untouched(identity))
        if (is_meant(key))
            look(realms(key.first));
}

// Rows that come into sight show somebody, at most, and those that leave it hide somebody: one is
// enough.
void Glance::look_at_moved() {
    for (const std::uint32_t identity : view_.moves.gained) {
        found_.gains |= !was_shown(identity);
        if (found_.gains)
            break;
        look_at_untouched(identity);
    }
    for (const std::uint32_t identity : view_.moves.lost) {
        found_.loses |= !is_shown(identity);
        if (found_.loses)
            break;
        look_at_untouched(identity);
    }
    differs_ |= found_.gains || found_.loses;
}

std::optional<InventoryChange> Glance::change(std::span<const std::uint32_t> in_sight) {
    look_at_moved();
    if (realm_) { // what is seen of an address in one realm shows the other, too
        for (const auto& [key, row] : rows_.all())
            look_at(key, row);
    } else {
        std::ranges::for_each(in_sight, [&](auto identity) { look_at_touched(identity); });
        std::ranges::for_each(view_.moves.lost, [&](auto identity) { look_at_touched(identity); });
    }
    return differs_ ? std::optional(found_) : std::nullopt;
}

} // namespace ringwall::compute
