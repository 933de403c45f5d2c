#include "control/compute/fleet_identities.h"

namespace ringwall::compute {

using model::Selector;

std::uint32_t IdentityTable::new_number(const IdentityKey& key) {
    if (numbering_)
        return numbering_(key);
    if (free_.empty())
        return static_cast<std::uint32_t>(rows_.size());
    const std::uint32_t number = free_.back();
    free_.pop_back();
    return number;
}

std::uint32_t IdentityTable::reserve(const IdentityKey& key) {
    const auto [place, added] = numbers_.emplace(key, 0);
    if (!added)
        return place->second;
    place->second = new_number(key);
    if (place->second >= rows_.size())
        rows_.resize(place->second + std::size_t{1});
    rows_[place->second] = {&place->first, 0};
    resting_.add(place->second);
    return place->second;
}

void IdentityTable::rise(std::uint32_t number) {
    const IdentityKey& who = key(number);
    resting_.remove(number);
    live_.add(number);
    moves_.gain(number);
    if (who.managed)
        managed_.add(number);
    for (const auto& [label, value] : who.labels)
        by_label_[label][value].add(number);
    if (!who.workload.empty())
        by_name_[who.workload] = number;
}

void IdentityTable::rest(std::uint32_t number, std::uint64_t revision) {
    const IdentityKey& who = key(number);
    rows_[number].rests_since = revision;
    resting_.add(number);
    live_.remove(number);
    moves_.lose(number);
    managed_.remove(number);
    for (const auto& [label, value] : who.labels) {
        auto& values = by_label_.at(label);
        values.at(value).remove(number);
        if (values.at(value).empty())
            values.erase(value);
    }
    if (const auto named = by_name_.find(who.workload);
        named != by_name_.end() && named->second == number)
        by_name_.erase(named);
}

void IdentityTable::release(std::uint64_t revision) {
    if (numbering_)
        return;
    for (const std::uint32_t number : resting_.numbers()) {
        if (rows_[number].rests_since > revision)
            continue;
        resting_.remove(number);
        numbers_.erase(numbers_.find(key(number)));
        rows_[number] = {};
        free_.push_back(number);
    }
}

const Bitmap& IdentityTable::having(const std::string& key, const std::string& value) const {
    static const Bitmap nobody;
    const auto values = by_label_.find(key);
    if (values == by_label_.end())
        return nobody;
    const auto found = values->second.find(value);
    return found == values->second.end() ? nobody : found->second;
}

Bitmap IdentityTable::members(const model::LabelGroup& group, const model::Policy& policy) const {
    Bitmap out;
    for (const auto& member : group.members)
        out |= matching(member, policy);
    return out;
}

Bitmap IdentityTable::matching(const model::LabelSelector& selector,
                               const model::Policy& policy) const {
    Bitmap out = live_;
    for (const auto& [key, values] : selector.labels) {
        Bitmap either;
        for (const auto& value : values)
            either |= having(key, value);
        out &= either;
    }
    for (const auto& name : selector.groups) {
        const model::LabelGroup* group = policy.group(name);
        out &= group ? members(*group, policy) : Bitmap();
    }
    for (const auto& excluded : selector.none_of)
        out -= matching(excluded, policy);
    return out;
}

Bitmap IdentityTable::select(const Selector& selector, const model::Scope* scope,
                             const model::Policy& policy) const {
    Bitmap out;
    switch (selector.form) {
    case Selector::Form::list:
        return out;
    case Selector::Form::any:
        return live_;
    case Selector::Form::workload:
        if (const auto found = by_name_.find(selector.name); found != by_name_.end())
            out.add(found->second);
        return out;
    case Selector::Form::all:
        out = live_;
        break;
    case Selector::Form::labels:
        out = matching(selector.labels, policy);
        break;
    }
    if (scope)
        for (const auto& [key, value] : *scope)
            out &= having(key, value);
    return out;
}

} // namespace ringwall::compute
