// Which halves go together.
#include "agent/halves.h"

#include <gtest/gtest.h>

#include "agent/held.h"
#include "tests/unit/agent_link_world.h"

namespace ringwall::agent {
namespace {

PolicyRef rules(std::uint64_t version, const std::vector<std::uint32_t>& peers = {1}) {
    HeldPolicy held;
    held.policy = link_test::policy(version, peers);
    return std::make_shared<const HeldPolicy>(std::move(held));
}

InventoryRef labels(std::uint64_t revision, std::uint32_t identities = 1) {
    HeldInventory held;
    held.inventory = link_test::inventory(revision, identities);
    return std::make_shared<const HeldInventory>(std::move(held));
}

std::string chosen(const Halves& held, const Halves& came, bool last_call = false) {
    const auto choice = choose(held, came, last_call);
    if (!choice)
        return "wait";
    const auto number = [](const auto& half, auto version) {
        return half ? std::to_string(version(*half)) : std::string("none");
    };
    return number(choice->enforce.policy, [](const auto& it) { return it.policy.version(); }) +
           " with " + number(choice->enforce.inventory, [](const auto& it) {
               return it.inventory.revision();
           });
}

TEST(Halves, BothThatCameGoTogether) {
    EXPECT_EQ(chosen({}, {rules(2), labels(3)}), "2 with 3");
    EXPECT_EQ(chosen({rules(1), labels(1)}, {rules(2), labels(3)}), "2 with 3");
}

TEST(Halves, OneThatFitsTheHeldOneNeedNotWait) {
    EXPECT_EQ(chosen({rules(1), labels(1)}, {rules(2), nullptr}), "2 with 1");
    EXPECT_EQ(chosen({rules(1), labels(1)}, {nullptr, labels(3)}), "1 with 3");
}

TEST(Halves, OneThatDoesNotFitWaitsForTheOther) {
    EXPECT_EQ(chosen({rules(1), labels(1)}, {rules(2, {1, 7}), nullptr}), "wait");
    EXPECT_EQ(chosen({rules(1, {2}), labels(1, 2)}, {nullptr, labels(3)}), "wait");
    EXPECT_EQ(chosen({rules(1, {2}), labels(1, 2)}, {rules(2), labels(3)}), "2 with 3");
}

TEST(Halves, OneThatFitsIsTakenWhileTheOtherWaits) {
    EXPECT_EQ(chosen({rules(1), labels(1)}, {rules(2, {1, 7}), labels(3, 2)}), "1 with 3");
}

TEST(Halves, NobodyWaitsForEver) {
    EXPECT_EQ(chosen({rules(1), labels(1)}, {rules(2, {1, 7}), nullptr}, true), "2 with 1");
    EXPECT_EQ(chosen({rules(1, {2}), labels(1, 2)}, {nullptr, labels(3)}, true), "1 with 3");
}

TEST(Halves, TheFirstPolicyWaitsForAnInventoryInAnyCase) {
    EXPECT_EQ(chosen({}, {rules(1), nullptr}), "wait");
    EXPECT_EQ(chosen({}, {rules(1), nullptr}, true), "wait");
    EXPECT_EQ(chosen({}, {nullptr, labels(1)}), "none with 1") << "kept, for the policy to come";
    EXPECT_EQ(chosen({}, {}), "wait");
}

TEST(Halves, JoinedWithoutWhatTheInventoryLacks) {
    auto first = link_test::policy(1, {1, 7, 2});
    const auto known = link_test::inventory(1, 2);
    EXPECT_EQ(missing_identity(first, known), 7u);
    const auto joined = join(first, known);
    EXPECT_FALSE(missing_identity(joined.policy(), joined.inventory()));
    const auto& ids = joined.policy().subjects(0).rules(0).peers().identities();
    EXPECT_EQ(std::vector(ids.begin(), ids.end()), (std::vector<std::uint32_t>{1, 2}));
}

TEST(Halves, ASubjectKeepsItsIdentityWithoutLabels) {
    auto moved = link_test::policy(1);
    moved.mutable_subjects(0)->set_identity(5);
    const auto joined = join(moved, link_test::inventory(1));
    ASSERT_EQ(joined.inventory().identities_size(), 2);
    EXPECT_EQ(joined.inventory().identities(1).id(), 5u);
    EXPECT_TRUE(joined.inventory().identities(1).labels().empty());
}

} // namespace
} // namespace ringwall::agent
