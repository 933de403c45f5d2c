#include "control/compute/fleet_touched.h"

namespace ringwall::compute {
namespace {

NumberSet numbers(const std::set<std::uint32_t>& identities) {
    return {boost::container::ordered_unique_range, identities.begin(), identities.end()};
}

} // namespace

TouchedRows::TouchedRows(const Members& members) : members_(members) {
    for (const auto& [key, before] : members.touched()) {
        const Row now = members.row(key);
        const auto place = all_.try_emplace(all_.end(), key, numbers(before.identities),
                                            numbers(now.identities), before != now);
        NumberSet either = place->second.before;
        either.insert(place->second.now.begin(), place->second.now.end());
        for (const std::uint32_t identity : either)
            by_owner_[identity].push_back(&*place);
    }
}

TouchedRow TouchedRows::row(const RowKey& key) const {
    if (const auto found = all_.find(key); found != all_.end())
        return found->second;
    const auto same = numbers(members_.owners(key));
    return {same, same, false};
}

const std::vector<const TouchedRows::ByKey::value_type*>&
TouchedRows::of(std::uint32_t identity) const {
    static const std::vector<const ByKey::value_type*> none;
    const auto found = by_owner_.find(identity);
    return found == by_owner_.end() ? none : found->second;
}

const std::vector<RowKey>& TouchedRows::untouched(std::uint32_t identity) {
    const auto [place, fresh] = untouched_.try_emplace(identity);
    if (fresh)
        for (RowKey& key : members_.rows_of(identity))
            if (!all_.contains(key))
                place->second.push_back(std::move(key));
    return place->second;
}

} // namespace ringwall::compute
