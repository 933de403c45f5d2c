#include "tests/unit/fleet_compute_replica.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

namespace ringwall::test {
namespace {

using Numbers = google::protobuf::RepeatedField<std::uint32_t>;
using Renumbering = std::map<std::uint32_t, std::uint32_t>;

void renumber(Numbers& numbers, const Renumbering& now) {
    for (auto& number : numbers)
        number = now.at(number);
    std::ranges::sort(numbers);
}

Renumbering in_order(v1::Inventory& inventory) {
    const auto key = [](const v1::Identity& identity) {
        return std::tuple(
            std::map<std::string, std::string>(identity.labels().begin(), identity.labels().end()),
            identity.managed(), identity.workload());
    };
    auto& identities = *inventory.mutable_identities();
    std::ranges::sort(identities, {}, key);
    Renumbering out;
    for (auto& identity : identities) {
        out.emplace(identity.id(), out.size() + 1);
        identity.set_id(static_cast<std::uint32_t>(out.size()));
    }
    return out;
}

bool meets(const Numbers& owners, const std::set<std::uint32_t>& some) {
    return std::ranges::any_of(owners, [&](std::uint32_t number) { return some.contains(number); });
}

std::set<std::uint32_t> seen(const v1::Snapshot& snapshot) {
    std::set<std::uint32_t> out;
    for (const auto& subject : snapshot.policy().subjects()) {
        out.insert(subject.identity());
        for (const auto& rule : subject.rules()) {
            out.insert(rule.peers().identities().begin(), rule.peers().identities().end());
            if (rule.peers().all_workloads())
                for (const auto& identity : snapshot.inventory().identities())
                    out.insert(identity.id());
        }
    }
    return out;
}

std::set<std::uint32_t> numbers(const v1::Inventory& inventory) {
    std::set<std::uint32_t> out;
    for (const auto& identity : inventory.identities())
        out.insert(identity.id());
    return out;
}

std::string bytes(const google::protobuf::Message& message) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
    coded.Trim();
    return out;
}

std::string content(v1::Policy policy) {
    policy.set_version(0);
    return bytes(policy);
}

std::string content(v1::Inventory inventory) {
    inventory.set_revision(0);
    return bytes(inventory);
}

} // namespace

void Replica::apply(const compute::HostChange& change, const compute::Fleet& fleet) {
    if (change.policy) {
        const auto next = fleet.policy(change.host).value();
        EXPECT_NE(content(next), content(snapshot_.policy())) << change.host;
        *snapshot_.mutable_policy() = next;
    }
    if (change.inventory) {
        const auto next = fleet.inventory(change.host).value();
        EXPECT_NE(content(next), content(snapshot_.inventory())) << change.host;
        const auto had = numbers(snapshot_.inventory()), has = numbers(next);
        EXPECT_EQ(change.inventory->gains, !std::ranges::includes(had, has)) << change.host;
        EXPECT_EQ(change.inventory->loses, !std::ranges::includes(has, had)) << change.host;
        *snapshot_.mutable_inventory() = next;
    }
}

v1::Snapshot snapshot_of(const compute::Fleet& fleet, const std::string& host) {
    v1::Snapshot out;
    *out.mutable_policy() = fleet.policy(host).value();
    *out.mutable_inventory() = fleet.inventory(host).value();
    return out;
}

std::string canonical(v1::Snapshot snapshot) {
    snapshot.set_format(0);
    snapshot.mutable_policy()->set_version(0);
    v1::Inventory& inventory = *snapshot.mutable_inventory();
    inventory.set_revision(0);
    const Renumbering now = in_order(inventory);
    for (auto& subject : *snapshot.mutable_policy()->mutable_subjects()) {
        subject.set_identity(now.at(subject.identity()));
        for (auto& rule : *subject.mutable_rules())
            renumber(*rule.mutable_peers()->mutable_identities(), now);
    }
    for (auto& owner : *inventory.mutable_addresses())
        renumber(*owner.mutable_identities(), now);
    std::ranges::sort(*inventory.mutable_addresses(), {}, [](const v1::AddressOwner& owner) {
        return std::pair(owner.address(), owner.host());
    });
    return bytes(snapshot);
}

std::string readable(const std::string& canonical) {
    v1::Snapshot out;
    out.ParseFromString(canonical);
    return out.DebugString();
}

v1::Snapshot visible_part(v1::Snapshot snapshot) {
    const std::set<std::uint32_t> named = seen(snapshot);
    v1::Inventory& inventory = *snapshot.mutable_inventory();
    std::set<std::string> addresses;
    for (const auto& owner : inventory.addresses())
        if (meets(owner.identities(), named))
            addresses.insert(owner.address());
    std::set<std::uint32_t> known = named;
    v1::Inventory part;
    for (const auto& owner : inventory.addresses())
        if (addresses.contains(owner.address())) {
            known.insert(owner.identities().begin(), owner.identities().end());
            *part.add_addresses() = owner;
        }
    for (const auto& identity : inventory.identities())
        if (known.contains(identity.id()))
            *part.add_identities() = identity;
    inventory = part;
    return snapshot;
}

} // namespace ringwall::test
