// The size that the budgets name: 100,000 peers and 10,000 entries on one host.
#include <malloc.h>

#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/enforcer.h"
#include "tests/unit/random_world.h"

namespace ringwall::agent {
namespace {

constexpr int peers = 100'000;
constexpr int ports = 10'000;

v1::Snapshot large() {
    v1::Snapshot out;
    out.set_format(1);
    v1::Subject& subject = *out.mutable_policy()->add_subjects();
    subject.set_workload("host");
    subject.set_identity(1);
    subject.set_mode(v1::FULL);
    for (std::uint32_t i = 0; i < ports; ++i) {
        v1::Rule& rule = *subject.add_rules();
        rule.set_id(fmt::format("large/rule-{:05}", i));
        rule.set_action(v1::ALLOW);
        rule.set_direction(v1::INBOUND);
        for (std::uint32_t identity = 1; identity <= 20; ++identity)
            rule.mutable_peers()->add_identities(identity);
        v1::Service& service = *rule.add_services();
        service.set_protocol(6);
        service.add_ports()->set_first(2000 + i);
        service.mutable_ports(0)->set_last(2000 + i);
    }
    for (std::uint32_t identity = 1; identity <= 40; ++identity) {
        v1::Identity& row = *out.mutable_inventory()->add_identities();
        row.set_id(identity);
        row.set_managed(true);
        (*row.mutable_labels())["role"] = fmt::format("role-{}", identity);
    }
    for (std::uint32_t i = 0; i < peers; ++i) {
        v1::AddressOwner& row = *out.mutable_inventory()->add_addresses();
        const Address address = Address::v4(0x0a000000 + i);
        row.set_address(reinterpret_cast<const char*>(address.bytes.data()) + 12, 4);
        row.add_identities(1 + i % 40);
        row.add_workloads(fmt::format("workload-{}", i));
    }
    return out;
}

std::size_t allocated() {
    return mallinfo2().uordblks;
}

double seconds(auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Size, AHundredThousandPeersAndTenThousandEntries) {
    const v1::Snapshot snapshot = large();
    const std::size_t before = allocated();
    Enforcer enforcer(test::test_node());
    std::size_t entries = 0;
    const double first = seconds([&] {
        const auto delta = enforcer.plan(snapshot);
        ASSERT_TRUE(delta);
        EXPECT_EQ(delta->peers.size(), static_cast<std::size_t>(peers) + 1); // and a failsafe list
        entries = delta->entries.size();
        enforcer.applied();
    });
    const std::size_t kept = (allocated() - before) >> 20;
    const double again = seconds([&] {
        EXPECT_TRUE(enforcer.plan(snapshot)->peers.empty());
        enforcer.failed();
    });
    fmt::print("first plan {:.2f} s, {} entries; same again {:.2f} s; {} MiB kept\n", first,
               entries, again, kept);
    // Far above what it takes (about a second, twelve MiB), so that only a mistake of kind fails.
    EXPECT_LT(first, 30);
    EXPECT_LT(again, 30);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(kept, 24u);
#endif
}

} // namespace
} // namespace ringwall::agent
