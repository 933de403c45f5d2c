#include "control/compute/fleet_glance.h"

#include <algorithm>

namespace ringwall::compute {
namespace {

using Moment = Glance::Moment;

Moment other(Moment when) {
    return when == Moment::now ? Moment::before : Moment::now;
}

const NumberSet& owners(const TouchedRow& row, Moment when) {
    return when == Moment::now ? row.now : row.before;
}

} // namespace

Glance::Realms Glance::realms(const Address& address) const {
    Realms out{rows_.row({address, {}})};
    if (realm_)
        out.push_back(rows_.row({address, *realm_}));
    return out;
}

bool& Glance::found(Moment when) {
    return when == Moment::now ? found_.gains : found_.loses;
}

bool Glance::in_sight(std::uint32_t identity, Moment when) const {
    return when == Moment::now ? view_.has(identity) : view_.had(identity);
}

bool Glance::seen(std::span<const TouchedRow> realms, Moment when) const {
    return std::ranges::any_of(realms, [&](const TouchedRow& row) {
        return std::ranges::any_of(owners(row, when),
                                   [&](auto identity) { return in_sight(identity, when); });
    });
}

bool Glance::shown(std::uint32_t identity, Moment when) const {
    return in_sight(identity, when) ||
           std::ranges::any_of(rows_.of(identity),
                               [&](const auto* row) {
                                   return is_meant(row->first) &&
                                          owners(row->second, when).contains(identity) &&
                                          seen(realms(row->first.first), when);
                               }) ||
           std::ranges::any_of(rows_.untouched(identity), [&](const RowKey& key) {
               return is_meant(key) && seen(realms(key.first), when);
           });
}

// Who is shown at this moment only.
void Glance::look_for_others(const TouchedRow& row, Moment when) {
    if (!found(when))
        found(when) = std::ranges::any_of(
            owners(row, when), [&](auto identity) { return !shown(identity, other(when)); });
}

void Glance::look(std::span<const TouchedRow> realms) {
    const bool was_seen = seen(realms, Moment::before), is_seen = seen(realms, Moment::now);
    for (const TouchedRow& row : realms) {
        const bool was = was_seen && !row.before.empty(), is = is_seen && !row.now.empty();
        differs_ |= was != is || (is && row.differs);
        if (is)
            look_for_others(row, Moment::now);
        if (was)
            look_for_others(row, Moment::before);
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
void Glance::look_at_moved(const NumberSet& moved, Moment when) {
    for (const std::uint32_t identity : moved) {
        found(when) |= !shown(identity, other(when));
        if (found(when))
            break;
        look_at_untouched(identity);
    }
    differs_ |= found(when);
}

std::optional<InventoryChange> Glance::change(std::span<const std::uint32_t> in_sight) {
    look_at_moved(view_.moves.gained, Moment::now);
    look_at_moved(view_.moves.lost, Moment::before);
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
