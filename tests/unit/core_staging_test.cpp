// A draft is judged beside what is enforced: who is given it, what it holds, what agents saw.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "tests/unit/core_staging.h"

namespace ringwall::core_test {
namespace {

TEST_F(CoreStaging, WhomItConcernsIsGivenItBesideWhatIsEnforced) {
    const auto before = app_1->rules();
    const auto messages = db->messages;
    const auto would = stage("", true);
    ASSERT_TRUE(would);
    EXPECT_EQ(would->plan.agents, (Names{"app-1", "app-2", "web-1", "web-2"}));
    EXPECT_FALSE(app_1->policy().has_staged()) << "only looked at";
    EXPECT_FALSE(world.controller().staging());

    const auto done = stage("CHG-1");
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->number, 1U);
    EXPECT_EQ(done->plan.agents, would->plan.agents);
    EXPECT_EQ(app_1->rules(), before);
    EXPECT_EQ(app_1->policy().staged().version(), 1U);
    EXPECT_TRUE(denies(app_1->staged_rules()));
    EXPECT_EQ(app_1->policy().provisioned(), 1U);
    EXPECT_FALSE(world.controller().agent("app-1")->unconfirmed);
    EXPECT_EQ(db->messages, messages) << "it is not told";
    EXPECT_EQ(*world.controller().store().newest(), 1U);

    const auto state = world.controller().staging();
    ASSERT_TRUE(state);
    EXPECT_EQ(state->actor, "alice");
    EXPECT_EQ(state->note, "CHG-1");
    EXPECT_EQ(state->changes.size(), 1U);
    EXPECT_EQ(state->agents.size(), 4U);
    EXPECT_EQ(staging_records(), (Names{"alice staged"}));
}

TEST_F(CoreStaging, ItStaysWhatItWasUntilItIsStagedAgain) {
    ASSERT_TRUE(stage());
    ASSERT_TRUE(world.apply(web_1_only));
    EXPECT_TRUE(denies(app_1->staged_rules())) << "the draft went on, the staging did not";
    ASSERT_EQ(stage()->number, 2U);
    EXPECT_EQ(app_1->policy().staged().version(), 2U);
    EXPECT_FALSE(denies(app_1->staged_rules()));
    unstage();
    EXPECT_FALSE(app_1->policy().has_staged());
    EXPECT_FALSE(world.controller().staging());
    EXPECT_EQ(world.controller().unstage(world.me()).error().code, Errc::not_found);
    EXPECT_EQ(stage()->number, 3U) << "a number is never used twice";
    EXPECT_EQ(staging_records().size(), 4U);
}

TEST_F(CoreStaging, NothingStaleAndOldAreRefused) {
    auto request = core::StageRequest{.by = world.me(), .selection = {}, .note = {}};
    request.base = 0;
    EXPECT_EQ(world.controller().stage(request, false).error().code, Errc::conflict);
    request.base = 1;
    request.selection = {{{{"rule_set", "payments"}, 1}}};
    EXPECT_EQ(world.controller().stage(request, false).error().code, Errc::stale);
    request.selection = {{{{"rule_set", "other"}, {}}}};
    EXPECT_EQ(world.controller().stage(request, false).error().code, Errc::nothing);
    world.provision();
    const auto none = stage();
    EXPECT_EQ(none.error().code, Errc::nothing);
    EXPECT_EQ(none.error().message, "nothing to stage: the draft is the active version");
    EXPECT_FALSE(world.controller().staging());
}

TEST_F(CoreStaging, AFreezeDoesNotForbidIt) {
    ASSERT_TRUE(world.controller().freeze(world.me(), "quarter end"));
    EXPECT_TRUE(stage());
    EXPECT_TRUE(denies(app_1->staged_rules()));
}

TEST_F(CoreStaging, LabelsAndAddressesActOnItAtOnce) {
    ASSERT_TRUE(stage());
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"web-3"},"spec":{"addresses":["10.0.0.3"],
        "labels":{"role":"Web","app":"Payments","env":"UK"}}})"));
    EXPECT_NE(app_1->staged_rules()[0].find("UK"), std::string::npos);
    EXPECT_NE(app_1->rules()[0].find("UK"), std::string::npos);

    // Who comes into its sight is given it, who leaves loses it.
    const auto relabel = [&](const char* labels) {
        ASSERT_TRUE(world.apply(fmt::format(R"({{"apiVersion":"ringwall/v1","kind":"Workload",
            "metadata":{{"name":"db-1"}},"spec":{{"managed":true,"addresses":["10.0.2.1"],
            "labels":{}}}}})",
                                            labels)));
    };
    relabel(app);
    EXPECT_TRUE(denies(db->staged_rules()));
    EXPECT_EQ(world.controller().staging()->agents.size(), 5U);
    relabel(R"({"role":"DB"})");
    EXPECT_FALSE(db->policy().has_staged());
    EXPECT_EQ(world.controller().staging()->agents.size(), 4U);
}

TEST_F(CoreStaging, WhatItCannotBearIsRefusedWithTheCure) {
    ASSERT_TRUE(world.apply(web_1_only));
    ASSERT_TRUE(stage());
    ASSERT_TRUE(world.apply(deny_all)); // no rule of the draft names it any more
    ASSERT_TRUE(world.controller().revoke(world.me(), "web-1", "old"));
    const auto refused = world.remove("workload", "web-1");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("the staged draft does not bear it"), std::string::npos);
    EXPECT_NE(refused.error().message.find("ringwall unstage"), std::string::npos);
    EXPECT_NE(app_1->rules()[0].find("Web"), std::string::npos);
    unstage();
    EXPECT_TRUE(world.remove("workload", "web-1"));
}

// web-1 and web-2 are one identity until a rule names one of them. Whoever sees them gets both
// halves anew, and the one that waits for the other goes first.
TEST_F(CoreStaging, AWorkloadThatItNamesIsSplitInBothHalves) {
    const auto before = app_1->rules();
    ASSERT_TRUE(world.apply(web_1_only));
    for (const auto& host : {app_1, app_2, web_1})
        host->order.clear();
    ASSERT_TRUE(stage());
    EXPECT_EQ(app_1->order, (Order{"policy", "inventory"}));
    ASSERT_EQ(app_1->rules().size(), 1U);
    const auto web_servers = before[0].substr(before[0].find(": ") + 2);
    EXPECT_EQ(app_1->rules()[0], before[0] + "; " + web_servers) << "both parts of it";
    EXPECT_EQ(app_1->staged_rules()[0].find("; "), std::string::npos) << "one part of it";
    for (const auto& owner : app_1->inventory().addresses())
        EXPECT_EQ(owner.identities_size(), 1) << "nothing is claimed by two";
    app_1->order.clear();
    unstage();
    EXPECT_EQ(app_1->order, (Order{"inventory", "policy"}));
    EXPECT_EQ(app_1->rules(), before);
}

// An agent refuses a policy as a whole. Without the draft beside it, it takes the same.
TEST_F(CoreStaging, WhoCannotJudgeByItEnforcesAllTheSame) {
    app_1->refuses_staged = "unknown user";
    ASSERT_TRUE(stage());
    EXPECT_FALSE(app_1->policy().has_staged());
    EXPECT_TRUE(app_2->policy().has_staged());
    EXPECT_EQ(std::ranges::count(world.notices, "policy_refused", &core::Notice::kind), 0);
    const auto state = world.controller().staging();
    const auto refusing =
        std::ranges::find(state->agents, "app-1", &core::StagingState::Reporter::agent);
    ASSERT_NE(refusing, state->agents.end());
    EXPECT_EQ(refusing->refused, "unknown user");

    ASSERT_TRUE(world.apply(web_1_only));
    world.provision(60s);
    EXPECT_EQ(world.controller().agent("app-1")->provisioned, 2U);
    EXPECT_TRUE(world.controller().rollout()->refused.empty());
    ASSERT_TRUE(world.controller().confirm(world.me()));
    app_1->refuses_staged.clear();
    ASSERT_TRUE(world.apply(deny_all));
    ASSERT_TRUE(stage());
    EXPECT_TRUE(app_1->policy().has_staged()) << "another one is another try";
}

TEST_F(CoreStaging, WhatAgentsSawIsOfThePresentStagingOnly) {
    std::vector<std::string> told;
    const auto subscription = world.controller().subscribe(0, [&](const core::Event& event) {
        if (event.type == "staging")
            told.push_back(std::string(boost::json::parse(event.json).at("what").as_string()));
    });
    app_1->send_impact(seen(0, 1));
    world.settle();
    ASSERT_TRUE(stage());
    app_1->send_impact(seen(1, 3));
    app_1->send_impact(seen(1, 4));
    app_2->send_impact(seen(9, 1));
    world.settle();
    const auto& impacts = world.controller().impacts();
    ASSERT_EQ(impacts.all().size(), 1U);
    EXPECT_EQ(impacts.all().at("app-1").rows(0).count(), 4U);
    const auto state = world.controller().staging();
    for (const auto& agent : state->agents)
        EXPECT_EQ(agent.reported, agent.agent == "app-1");
    ASSERT_TRUE(world.controller().revoke(world.me(), "app-1", "gone"));
    EXPECT_TRUE(impacts.all().empty());
    app_2->send_impact(seen(1, 1));
    world.settle();
    unstage();
    EXPECT_TRUE(world.controller().impacts().all().empty());
    EXPECT_EQ(told, (Names{"staged", "reported", "reported", "unstaged"}));
}

} // namespace
} // namespace ringwall::core_test
