// A staged draft over other versions, confirmations, canaries and restarts of the controller.
#include "tests/unit/core_staging.h"

namespace ringwall::core_test {
namespace {

TEST_F(CoreStaging, ItEndsWhenItsContentIsInForceAndStaysBesideAnyOther) {
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"AddressList",
        "metadata":{"name":"office"},"spec":{"cidrs":["192.0.2.0/24"]}})"));
    core::StageRequest request{
        .by = world.me(), .selection = {{{{"rule_set", "payments"}, {}}}}, .note = {}};
    ASSERT_TRUE(world.controller().stage(request, false));
    world.settle();

    world.provision(); // of both: not the same
    EXPECT_TRUE(denies(app_1->rules()));
    EXPECT_FALSE(app_1->policy().has_staged()) << "it says nothing else to this agent now";
    ASSERT_TRUE(world.controller().staging());
    EXPECT_TRUE(world.controller().staging()->agents.empty());

    ASSERT_TRUE(world.controller().rollback({.by = world.me(), .to = 1}, {}));
    world.settle();
    EXPECT_FALSE(denies(app_1->rules()));
    EXPECT_TRUE(denies(app_1->staged_rules())) << "compared with what is in force now";

    ASSERT_TRUE(world.apply(deny_all));
    world.provision();
    EXPECT_FALSE(world.controller().staging());
    EXPECT_FALSE(app_1->policy().has_staged());
    EXPECT_EQ(staging_records().front(), "controller took it off");
}

// It would go back to rules of before the split, with identities of after it.
TEST_F(CoreStaging, IdentitiesAreNotSplitWhileAVersionWaits) {
    world.provision(60s);
    ASSERT_TRUE(world.apply(web_1_only));
    const auto refused = stage();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::busy);
    EXPECT_FALSE(world.controller().staging());
    EXPECT_FALSE(app_1->policy().has_staged());
    ASSERT_TRUE(world.controller().confirm(world.me()));
    EXPECT_TRUE(stage());
}

TEST_F(CoreStaging, ItIsNeverConfirmedAndWaitsWithAVersionThatDoes) {
    world.provision(60s); // deny_all
    ASSERT_TRUE(world.apply(payments));
    ASSERT_TRUE(stage());
    EXPECT_TRUE(denies(app_1->rules()));
    EXPECT_FALSE(denies(app_1->staged_rules()));
    EXPECT_EQ(world.controller().rollout()->phase, core::Phase::waiting);
    ASSERT_TRUE(world.controller().confirm(world.me()));
    world.settle();
    world.pass(3min);
    EXPECT_TRUE(denies(app_1->rules())) << "the confirmation holds for both";
    EXPECT_TRUE(app_1->left.empty());
    EXPECT_TRUE(app_1->policy().has_staged());
}

TEST_F(CoreStaging, CanariesCompareItWithWhatTheyEnforce) {
    core::ProvisionRequest request;
    request.by = world.me();
    request.canary = core::Canary{"role=App", 50, {}};
    request.canary_agents = {"app-1", "app-2"};
    ASSERT_TRUE(stage());
    ASSERT_TRUE(world.controller().provision(request));
    world.settle();
    auto& first = *world.hosts.at(*world.controller().rollout()->first.begin());
    auto& rest = &first == app_1.get() ? *app_2 : *app_1;
    EXPECT_TRUE(denies(first.rules()));
    EXPECT_FALSE(first.policy().has_staged()) << "it enforces the same already";
    EXPECT_TRUE(denies(rest.staged_rules()));

    ASSERT_TRUE(world.controller().abort(world.me(), "no"));
    world.settle();
    EXPECT_FALSE(denies(first.rules()));
    EXPECT_TRUE(denies(first.staged_rules()));

    ASSERT_TRUE(world.controller().provision(request));
    world.settle();
    ASSERT_TRUE(world.controller().proceed(world.me()));
    world.settle();
    EXPECT_TRUE(denies(rest.rules()));
    EXPECT_FALSE(world.controller().staging()) << "it is in force everywhere";
}

TEST_F(CoreStaging, ItOutlivesTheController) {
    ASSERT_TRUE(stage("CHG-1"));
    ASSERT_TRUE(world.apply(web_1_only));
    const auto version = app_1->policy().version();
    world.open();
    ASSERT_TRUE(world.controller().staging());
    EXPECT_EQ(world.controller().staging()->note, "CHG-1");
    EXPECT_EQ(world.controller().staging()->agents.size(), 4U) << "before anybody has come back";
    world.pass(1min);
    EXPECT_EQ(app_1->policy().version(), version) << "it holds the same already";
    EXPECT_TRUE(denies(app_1->staged_rules()));
    app_2->send_impact(seen(1, 3));
    world.settle();
    EXPECT_EQ(world.controller().impacts().rows(), 1U);

    unstage();
    world.open();
    EXPECT_FALSE(world.controller().staging());
    EXPECT_EQ(stage()->number, 2U);
}

} // namespace
} // namespace ringwall::core_test
