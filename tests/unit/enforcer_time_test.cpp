// Rules that end, and what is staged: both beside the rules that are in force for good.
#include "tests/unit/enforcer_story.h"

namespace ringwall::agent {
namespace {

using loader::Verdict;

std::string until(int end, const char* peers, const char* services, const char* action = "ALLOW") {
    return fmt::format(R"(rules {{ id: "set/until-{0}" action: {1} direction: INBOUND
                         peers {{ {2} }} {3} ends_ns: {0} }} )",
                       end, action, peers, services);
}

// ---- rules that end

TEST(RulesThatEnd, HoldUntilTheirTimeAndNotLonger) {
    Host host(plain_node());
    host.apply({.rules = until(1000, web, tcp_80) + rule("ALLOW", db, tcp_80)});
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed);
    host.maps.now = 999;
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed);
    host.maps.now = 1000;
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.2", 80), Verdict::allowed) << "the other rule stays";
}

TEST(RulesThatEnd, EachHasItsOwnTimeAlsoInsideAWiderPort) {
    Host host(plain_node());
    host.apply({.rules = until(1000, web, "services { protocol: 6 }") + until(2000, web, tcp_80) +
                         rule("DENY", web, "services { protocol: 6 }")});
    const auto both = [&](std::uint64_t now, Verdict at_80, Verdict at_81) {
        host.maps.now = now;
        EXPECT_EQ(host.inbound("10.0.0.1", 80), at_80) << now;
        EXPECT_EQ(host.inbound("10.0.0.1", 81), at_81) << now;
    };
    both(500, Verdict::allowed, Verdict::allowed);
    both(1500, Verdict::allowed, Verdict::blocked);
    both(2500, Verdict::blocked, Verdict::blocked);
}

TEST(RulesThatEnd, OfAnAddressWithTwoClaimsBothMustStillAllow) {
    Host host(plain_node());
    Story story{.rules = until(1000, web, tcp_80) + rule("ALLOW", db, tcp_80)};
    story.owners = {{"10.0.0.3", "12"}};
    host.apply(story);
    EXPECT_EQ(host.inbound("10.0.0.3", 80), Verdict::allowed);
    host.maps.now = 1000;
    EXPECT_EQ(host.inbound("10.0.0.3", 80), Verdict::blocked);
}

TEST(RulesThatEnd, WhatIsOverIsNotWritten) {
    Host host(plain_node());
    const auto delta = host.apply({.rules = until(100, web, tcp_80)}); // the node's time is 100
    EXPECT_TRUE(delta.entries.empty());
}

TEST(RulesThatEnd, AnotherTimeIsAnotherRuleSetTheSameTimeIsNot) {
    Host host(plain_node());
    host.apply({.rules = until(1000, web, tcp_80)});
    EXPECT_TRUE(host.apply({.rules = until(1000, web, tcp_80)}).rule_sets.empty());
    const auto longer = host.apply({.rules = until(1001, web, tcp_80)});
    EXPECT_EQ(longer.rule_sets.size(), 1U);
    const auto for_good = host.apply({.rules = rule("ALLOW", web, tcp_80)});
    EXPECT_EQ(for_good.rule_sets.size(), 1U);
    EXPECT_TRUE(host.apply({.rules = until(1000, web, tcp_80)}).raise_generation)
        << "what was allowed for good may end now";
}

TEST(RulesThatEnd, AreNamedWhileTheyAllow) {
    Host host(plain_node());
    host.apply({.rules = until(1000, web, tcp_80)});
    loader::Event event;
    const auto is = host.judge("10.0.0.1", 80);
    event.rule_set = is.rule_set;
    event.entry = is.entry;
    event.reason = loader::reason_allow;
    EXPECT_EQ(host.enforcer().explain(event).rule(), "set/until-1000");
    event.reason = 4; // no rule: the kernel's clock had passed it
    EXPECT_EQ(host.enforcer().explain(event).rule(), "");
}

TEST(RulesThatEnd, OnlyAllowMayAndNotAtTooManyTimes) {
    Host host(plain_node());
    const auto deny = host.plan({.rules = until(1000, web, tcp_80, "DENY")});
    ASSERT_FALSE(deny);
    EXPECT_NE(deny.error().message.find("set/until-1000"), std::string::npos);
    std::string many;
    for (int i = 0; i < 9; ++i)
        many += until(1000 + i, web, tcp_80);
    const auto nine = host.plan({.rules = many});
    ASSERT_FALSE(nine);
    EXPECT_EQ(nine.error().code, Errc::too_many_ends);
    EXPECT_NE(nine.error().message.find("let some of them end together"), std::string::npos);
}

// ---- staged

std::string staged(const std::string& rules, int number = 3) {
    return fmt::format(R"(version: {} subjects {{ workload: "host" identity: 1 {} }})", number,
                       rules);
}

TEST(StagedRules, AreJudgedBesideAndEnforceNothing) {
    Host host(plain_node());
    host.apply({.rules = rule("ALLOW", web, tcp_80), .staged = staged(rule("ALLOW", db, tcp_80))});
    EXPECT_EQ(host.enforcer().staging(), 3U);
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.2", 80), Verdict::blocked);
    EXPECT_EQ(host.staged("10.0.0.1", 80).verdict(), Verdict::blocked);
    EXPECT_EQ(host.staged("10.0.0.2", 80).verdict(), Verdict::allowed);
    EXPECT_TRUE(host.enforcer().is_staged(host.staged("10.0.0.2", 80).rule_set));
    EXPECT_FALSE(host.enforcer().is_staged(host.judge("10.0.0.2", 80).rule_set));
}

TEST(StagedRules, ComeAndGoWithoutTouchingWhatIsInForce) {
    Host host(plain_node());
    const Story plain{.rules = rule("ALLOW", web, tcp_80)};
    Story with = plain;
    with.staged = staged(rule("ALLOW", db, tcp_80));
    host.apply(plain);
    const auto in_force = host.judge("10.0.0.1", 80).rule_set;
    const auto came = host.apply(with);
    EXPECT_EQ(host.judge("10.0.0.1", 80).rule_set, in_force);
    EXPECT_TRUE(came.raise_generation) << "live connections are judged too";
    EXPECT_EQ(came.rule_sets.size(), 1U);
    const auto again = host.apply(with);
    EXPECT_TRUE(again.rule_sets.empty());
    EXPECT_TRUE(again.subjects.empty());
    const auto went = host.apply(plain);
    EXPECT_EQ(went.dead_rule_sets.size(), 1U);
    EXPECT_EQ(went.subjects.at(0).staged, 0U);
    EXPECT_EQ(host.judge("10.0.0.1", 80).rule_set, in_force);
    EXPECT_EQ(host.maps.rule_sets.size(), 1U);
    EXPECT_EQ(host.enforcer().staging(), 0U);
}

TEST(StagedRules, AnotherStagingCountsAnew) {
    Host host(plain_node());
    host.apply({.staged = staged(rule("ALLOW", db, tcp_80), 3)});
    const auto first = host.staged("10.0.0.2", 80).rule_set;
    host.apply({.staged = staged(rule("ALLOW", db, tcp_80), 4)});
    EXPECT_NE(host.staged("10.0.0.2", 80).rule_set, first);
}

TEST(StagedRules, FollowPeersThatCome) {
    Host host(plain_node());
    Story story{.staged = staged(rule("ALLOW", db, tcp_80))};
    host.apply(story);
    story.owners.emplace_back("10.0.0.22", "2");
    const auto delta = host.apply(story);
    EXPECT_TRUE(delta.rule_sets.empty());
    EXPECT_EQ(host.staged("10.0.0.22", 80).verdict(), Verdict::allowed);
}

TEST(StagedRules, HaveListsOfTheirOwn) {
    Host host(plain_node());
    const std::string office = rule("ALLOW", "lists: \"office\"", tcp_80);
    host.apply({.rules = office,
                .staged = staged(office) + R"(lists { name: "office" prefixes: "11.0.0.0/8" })"});
    EXPECT_EQ(host.inbound("10.1.1.1", 80), Verdict::allowed);
    EXPECT_EQ(host.inbound("11.1.1.1", 80), Verdict::blocked);
    EXPECT_EQ(host.staged("10.1.1.1", 80).verdict(), Verdict::blocked);
    EXPECT_EQ(host.staged("11.1.1.1", 80).verdict(), Verdict::allowed);
}

TEST(StagedRules, WhatThisNodeCannotJudgeIsToldAndHoldsNothingUp) {
    Host host(plain_node());
    host.apply({.rules = rule("ALLOW", web, tcp_80),
                .staged = staged(rule(
                    "ALLOW", db, "services { protocol: 6 process { user: \"nobody-here\" } }"))});
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed);
    EXPECT_NE(host.enforcer().staging_trouble().find("nobody-here"), std::string::npos);
    EXPECT_EQ(host.maps.subjects.begin()->second.staged, 0U);
}

} // namespace
} // namespace ringwall::agent
