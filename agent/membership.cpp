#include "agent/membership.h"

namespace ringwall::agent {
namespace {

template <typename Key, typename Map>
std::uint32_t number(Map& numbers, std::vector<const Key*>& keys, const Key& key,
                     std::uint32_t first) {
    const auto [found, added] =
        numbers.emplace(key, static_cast<std::uint32_t>(keys.size()) + first);
    if (added)
        keys.push_back(&found->first);
    return found->second;
}

} // namespace

std::uint32_t Interner::identity(const Identity& identity) {
    return number(identities_, identity_of_, identity, 1);
}

std::uint32_t Interner::list(const ListContent& content) {
    return number(lists_, list_of_, content, 1);
}

std::uint32_t Interner::membership(const Membership& membership) {
    return number(memberships_, membership_of_, membership, 0);
}

const Identity& Interner::identity_of(std::uint32_t id) const {
    return *identity_of_.at(id - 1);
}
const ListContent& Interner::content_of(std::uint32_t list) const {
    return *list_of_.at(list - 1);
}
const Membership& Interner::membership_of(std::uint32_t id) const {
    return *membership_of_.at(id);
}

std::size_t Interner::Hash::operator()(const Membership& m) const {
    std::size_t hash = 0xcbf29ce484222325;
    const auto mix = [&](std::uint32_t value) { hash = (hash ^ value) * 0x100000001b3; };
    for (const auto id : m.identities)
        mix(id);
    mix(0);
    for (const auto id : m.lists)
        mix(id);
    return hash ^ hash >> 29;
}

} // namespace ringwall::agent
