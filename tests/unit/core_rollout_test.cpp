// Versions on their way: confirmed in time or taken back, a few agents first, stopped by refusals
// and blocks, over restarts of the controller.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

using core::Errc;
using core::Phase;

class CoreRollout : public ::testing::Test {
  protected:
    CoreRollout() {
        app_1 = world.pair("app-1", app, "10.0.1.1");
        app_2 = world.pair("app-2", app, "10.0.1.2");
        world.pair("web-1", web, "10.0.0.1");
        EXPECT_TRUE(world.apply(payments));
        world.provision();
        EXPECT_TRUE(world.apply(deny_all));
    }

    core::Result<core::Provisioned> canary(double percent, std::chrono::seconds within = {},
                                           std::optional<std::uint64_t> max_blocks = {}) {
        core::ProvisionRequest request;
        request.by = world.me();
        request.confirm_within = within;
        request.canary = core::Canary{"role=App", percent, max_blocks};
        request.canary_agents = {"app-1", "app-2", "no-agent"};
        auto done = world.controller().provision(request);
        world.settle();
        return done;
    }
    Host& first() { return *world.hosts.at(*world.controller().rollout()->first.begin()); }
    Host& rest() { return &first() == app_1.get() ? *app_2 : *app_1; }
    static bool denies(const Host& host) { return host.rules()[0].starts_with("payments/nobody"); }

    World world;
    std::shared_ptr<Host> app_1, app_2;
};

TEST_F(CoreRollout, ConfirmedInTimeStays) {
    EXPECT_EQ(world.provision(60s), 2U);
    EXPECT_TRUE(denies(*app_1));
    EXPECT_EQ(world.controller().rollout()->phase, Phase::waiting);
    EXPECT_EQ(world.controller().rollout()->acknowledged.size(), 3U);
    world.pass(30s);
    ASSERT_TRUE(world.controller().confirm(world.me()));
    world.settle();
    world.pass(2min);
    EXPECT_TRUE(denies(*app_1));
    EXPECT_EQ(*world.controller().store().newest(), 2U);
}

TEST_F(CoreRollout, NotConfirmedGoesBackAndKeepsTheDraft) {
    world.provision(60s);
    world.pass(61s);
    EXPECT_FALSE(denies(*app_1));
    EXPECT_FALSE(denies(*app_2));
    EXPECT_EQ(*world.controller().store().newest(), 3U);
    EXPECT_NE(world.controller().store().version(3)->note.find("nobody confirmed"),
              std::string::npos);
    EXPECT_EQ(world.controller().rollout()->phase, Phase::taken_back);
    EXPECT_EQ(std::ranges::count(world.notices, "rollout_taken_back", &core::Notice::kind), 1);
    EXPECT_EQ(world.provision(), 4U) << "what was being written is still there";
    EXPECT_TRUE(denies(*app_1));
}

TEST_F(CoreRollout, AnAgentGoesBackByItselfWhenTheControllerIsGone) {
    world.provision(60s);
    app_1->cut();
    app_2->stop();
    world.pass(1s);
    for (int i = 0; i < 61; ++i) {
        // The controller hears nothing of time.
        app_1->cut();
        world.pass(1s);
    }
    EXPECT_FALSE(denies(*app_1));
    EXPECT_EQ(app_1->left.size(), 1U);
    app_2->start();
    world.pass(2min);
    EXPECT_FALSE(denies(*app_2));
    EXPECT_FALSE(denies(*app_1));
}

TEST_F(CoreRollout, TheWaitGoesOnOverARestartOfTheController) {
    world.provision(60s);
    world.open();
    world.pass(20s);
    EXPECT_TRUE(denies(*app_1));
    EXPECT_EQ(world.controller().rollout()->phase, Phase::waiting);
    ASSERT_TRUE(world.controller().confirm(world.me()));
    world.pass(3min);
    EXPECT_TRUE(denies(*app_1));
    EXPECT_TRUE(app_1->left.empty());
}

TEST_F(CoreRollout, AnAgentThatWasAwayHearsOfTheConfirmation) {
    world.provision(600s);
    app_1->cut();
    ASSERT_TRUE(world.controller().confirm(world.me()));
    world.open();
    world.pass(700s);
    EXPECT_TRUE(denies(*app_1));
    EXPECT_TRUE(app_1->left.empty());
}

TEST_F(CoreRollout, OnlyTheFirstGetItUntilItProceeds) {
    ASSERT_TRUE(canary(50));
    ASSERT_EQ(world.controller().rollout()->first.size(), 1U);
    EXPECT_TRUE(denies(first()));
    EXPECT_FALSE(denies(rest()));
    EXPECT_EQ(world.controller().agent(first().name())->provisioned, 2U);
    EXPECT_EQ(world.controller().agent(rest().name())->provisioned, 1U);

    // Labels act on both sides meanwhile, and it outlives the controller.
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"web-2"},"spec":{"addresses":["10.0.0.2"],
        "labels":{"role":"Web","app":"Payments","env":"UK"}}})"));
    for (auto* host : {&first(), &rest()})
        EXPECT_NE(host->rules()[0].find("UK"), std::string::npos);
    world.open();
    world.pass(1min);
    EXPECT_TRUE(denies(first()));
    EXPECT_FALSE(denies(rest()));
    EXPECT_EQ(canary(50).error().code, Errc::busy);

    ASSERT_TRUE(world.controller().proceed(world.me()));
    world.settle();
    EXPECT_TRUE(denies(rest()));
    EXPECT_EQ(world.controller().rollout()->phase, Phase::confirmed);
}

TEST_F(CoreRollout, ARefusalTakesItBack) {
    for (const auto& host : {app_1, app_2})
        host->refuses = "unknown user";
    ASSERT_TRUE(canary(50));
    EXPECT_EQ(world.controller().rollout()->phase, Phase::taken_back);
    EXPECT_NE(world.controller().rollout()->reason.find("unknown user"), std::string::npos);
    for (const auto& host : {app_1, app_2})
        host->refuses.clear();
    world.pass(1min);
    EXPECT_FALSE(denies(*app_1));
    EXPECT_FALSE(denies(*app_2));
    EXPECT_GE(std::ranges::count(world.notices, "policy_refused", &core::Notice::kind), 1);
}

TEST_F(CoreRollout, BlocksOnTheFirstTakeItBack) {
    ASSERT_TRUE(canary(50, 600s, 10));
    v1::FlowSummary blocked;
    blocked.set_verdict(v1::BLOCKED);
    blocked.set_last_ns(world.me().time_ns);
    blocked.set_count(10);
    auto& one = first();
    rest().send_flows(blocked); // not one of the first
    one.send_flows(blocked);
    world.settle();
    EXPECT_EQ(world.controller().rollout()->phase, Phase::canary);
    blocked.set_count(1);
    one.send_flows(blocked);
    world.pass(1s);
    EXPECT_EQ(world.controller().rollout()->phase, Phase::taken_back);
    EXPECT_FALSE(denies(one));
}

TEST_F(CoreRollout, AbortedAndRolledBack) {
    ASSERT_TRUE(canary(100));
    EXPECT_TRUE(denies(*app_1));
    ASSERT_TRUE(world.controller().abort(world.me(), "wrong day"));
    world.settle();
    EXPECT_FALSE(denies(*app_1));
    world.provision();
    EXPECT_TRUE(denies(*app_1));
    const auto back = world.controller().rollback({.by = world.me(), .to = 1, .note = "back"}, {});
    ASSERT_TRUE(back) << back.error().message;
    world.settle();
    EXPECT_FALSE(denies(*app_1));
    EXPECT_EQ(back->plan.changes.size(), 1U);
    EXPECT_EQ(world.controller().draft().rule_sets[0].rules[0].name, "web-to-app");
}

TEST_F(CoreRollout, AFreezeHoldsEverythingButLabels) {
    ASSERT_TRUE(world.controller().freeze(world.me(), "year end"));
    world.open();
    core::ProvisionRequest request;
    request.by = world.me();
    const auto done = world.controller().provision(request);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::frozen);
    EXPECT_NE(done.error().message.find("year end"), std::string::npos);
    EXPECT_TRUE(world.controller().plan(request)) << "looking is allowed";
    ASSERT_TRUE(world.controller().freeze(world.me(), ""));
    EXPECT_TRUE(world.controller().provision(request));
}

TEST_F(CoreRollout, ASelectionPullsInWhatItNeedsAndNothingElse) {
    ASSERT_TRUE(world.apply(R"([
      {"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"new"},
       "spec":{"ports":[{"proto":"tcp","ports":[1]}]}},
      {"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"unrelated"},
       "spec":{"ports":[{"proto":"tcp","ports":[2]}]}},
      {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"uses"},
       "spec":{"rules":[{"name":"r","action":"allow","scope":"extra","from":[{"role":"Web"}],
        "to":[{"role":"App","app":"Payments"}],"services":[{"service":"new"}]}]}}])"));
    core::ProvisionRequest request;
    request.by = world.me();
    request.selection = std::vector<store::Selected>{{{"rule_set", "uses"}, {}}};
    const auto plan = world.controller().plan(request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->pulled_in, (std::vector<store::ObjectId>{{"service", "new"}}));
    EXPECT_EQ(plan->changes.size(), 2U);
    EXPECT_EQ(plan->agents, (std::vector<std::string>{"app-1", "app-2", "web-1"}));
    ASSERT_TRUE(world.controller().provision(request));
    world.settle();
    EXPECT_FALSE(denies(*app_1)) << "the other draft waits";
    EXPECT_EQ(app_1->rules().size(), 2U);
    EXPECT_EQ(world.controller()
                  .store()
                  .changes(*world.controller().store().newest(), store::draft)
                  ->size(),
              2U);
}

} // namespace
} // namespace ringwall::core_test
