#include "control/core/beside.h"

#include <map>
#include <utility>

#include "control/proto/delta.h"

namespace ringwall::core {
namespace {

// Of its subjects only who they are and their rules.
v1::Policy beside(v1::Policy policy) {
    for (auto& subject : *policy.mutable_subjects()) {
        subject.clear_mode();
        subject.clear_cgroup();
        subject.clear_addresses();
    }
    return policy;
}

// In the order of Fleet::inventory(): a short address as the long one that it stands for.
std::pair<std::string, std::string> place(const v1::AddressOwner& owner) {
    static const std::string mapped = std::string(10, '\0') + "\xff\xff";
    return {owner.address().size() == 4 ? mapped + owner.address() : owner.address(), owner.host()};
}

v1::Inventory merged(const v1::Inventory& one, const v1::Inventory& other) {
    std::map<std::uint32_t, const v1::Identity*> identities;
    std::map<std::pair<std::string, std::string>, const v1::AddressOwner*> addresses;
    for (const auto* inventory : {&one, &other}) {
        for (const auto& identity : inventory->identities())
            identities.emplace(identity.id(), &identity);
        for (const auto& owner : inventory->addresses())
            addresses.emplace(place(owner), &owner);
    }
    v1::Inventory out;
    out.set_revision(one.revision());
    for (const auto& [id, identity] : identities)
        *out.add_identities() = *identity;
    for (const auto& [key, owner] : addresses)
        *out.add_addresses() = *owner;
    return out;
}

} // namespace

std::expected<v1::Policy, compute::Error> policy_of(const Sources& from, const std::string& agent) {
    auto out = from.fleet.policy(agent);
    if (!out || !from.staged)
        return out;
    auto staged = from.staged->policy(agent);
    if (!staged)
        return std::unexpected(staged.error());
    *out->mutable_staged() = beside(std::move(*staged));
    return out;
}

std::expected<v1::Inventory, compute::Error> inventory_of(const Sources& from,
                                                          const std::string& agent) {
    auto out = from.fleet.inventory(agent);
    if (!out || !from.staged)
        return out;
    const auto staged = from.staged->inventory(agent);
    if (!staged)
        return std::unexpected(staged.error());
    return merged(*out, *staged);
}

bool differs(const compute::Fleet& one, const compute::Fleet& other, const std::string& agent) {
    auto first = one.policy(agent), second = other.policy(agent);
    if (!first || !second)
        return false;
    first->clear_version();
    second->clear_version();
    return wire::canonical(*first) != wire::canonical(*second);
}

} // namespace ringwall::core
