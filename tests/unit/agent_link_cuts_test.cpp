#include <gtest/gtest.h>

#include "agent/cuts.h"
#include "tests/unit/flows_fixture.h"
#include "tests/unit/snapshots.h"

namespace ringwall::agent {
namespace {

using loader::Event;
using loader::EventKind;
using loader::Verdict;

// app-uk-1 in visibility: web servers may reach 8080/tcp as tomcat10.service, and nothing else is
// allowed.
v1::Snapshot watched() {
    auto snapshot = testing::payments();
    snapshot.mutable_policy()->mutable_subjects(0)->set_mode(v1::VISIBILITY);
    return snapshot;
}

v1::FindCuts wanted(v1::Mode mode = v1::FULL) {
    v1::FindCuts out;
    out.add_subjects("app-uk-1");
    out.set_mode(mode);
    out.set_most(10);
    return out;
}

// An SSH session from somewhere.
Event ssh(const char* from = "198.51.100.7", std::uint16_t port = 51'122) {
    auto event = testing::connection(EventKind::update);
    event.verdict = Verdict::would_block;
    event.reason = 4; // no rule
    event.peer = testing::address(from);
    event.peer_port = port;
    event.local_port = 22;
    event.exe = 0;
    event.pid = 0;
    return event;
}

Event web() {
    auto event = testing::connection(EventKind::update);
    event.reason = loader::reason_allow;
    return event;
}

v1::Cuts find(const std::vector<Event>& live, v1::FindCuts question = wanted(),
              const v1::Snapshot& snapshot = watched()) {
    return find_cuts(question, snapshot, live, testing::World());
}

TEST(Cuts, WhatNoRuleAllowsWouldEndAndWhatOneAllowsLivesOn) {
    const auto cuts = find({web(), ssh()});
    EXPECT_EQ(cuts.judged(), 2U);
    ASSERT_EQ(cuts.total(), 1U);
    const auto& cut = cuts.rows(0);
    EXPECT_EQ(cut.subject(), "app-uk-1");
    EXPECT_EQ(cut.direction(), v1::INBOUND);
    EXPECT_EQ(cut.local_port(), 22U);
    EXPECT_EQ(cut.peer(), testing::bytes("198.51.100.7"));
    EXPECT_EQ(cut.peer_port(), 51'122U);
    EXPECT_FALSE(cut.callers());
    EXPECT_NE(cut.reason().find("no rule matches"), std::string::npos) << cut.reason();
}

TEST(Cuts, TheProcessDecides) {
    auto httpd = web();
    httpd.exe = 8; // Apache, where the rule says Tomcat
    httpd.verdict = Verdict::would_block;
    const auto cuts = find({httpd});
    ASSERT_EQ(cuts.total(), 1U);
    EXPECT_EQ(cuts.rows(0).process().path(), "/usr/sbin/apache2");
    EXPECT_EQ(cuts.rows(0).pid(), 1234U);
}

TEST(Cuts, TheRulesOfNowCountAndNotWhatTheKernelSaidOfASilentConnection) {
    auto stale = ssh(); // an older policy allowed it
    stale.verdict = Verdict::allowed;
    stale.reason = loader::reason_allow;
    EXPECT_EQ(find({stale}).total(), 1U);
    auto now_allowed = web();
    now_allowed.verdict = Verdict::would_block;
    now_allowed.reason = 4;
    EXPECT_EQ(find({now_allowed}).total(), 0U);
}

TEST(Cuts, WhereARuleAsksForWhatIsNotKnownTheKernelsDecisionCounts) {
    auto snapshot = watched();
    snapshot.mutable_policy()
        ->mutable_subjects(0)
        ->mutable_rules(0)
        ->mutable_services(0)
        ->mutable_process()
        ->set_sha256("aa");
    EXPECT_EQ(find({web()}, wanted(), snapshot).total(), 0U);
    auto refused = web();
    refused.verdict = Verdict::would_block;
    EXPECT_EQ(find({refused}, wanted(), snapshot).total(), 1U);
}

TEST(Cuts, WhatNoPolicyDecidesIsNeverEnded) {
    auto failsafe = ssh();
    failsafe.verdict = Verdict::allowed;
    failsafe.reason = 5;
    EXPECT_EQ(find({failsafe}).total(), 0U);
}

TEST(Cuts, SelectiveEndsOnlyWhatARuleDenies) {
    EXPECT_EQ(find({ssh()}, wanted(v1::SELECTIVE)).total(), 0U);
    auto snapshot = watched();
    auto& rule = *snapshot.mutable_policy()->mutable_subjects(0)->add_rules();
    rule.set_id("ops/no-ssh");
    rule.set_action(v1::DENY);
    rule.set_direction(v1::INBOUND);
    rule.mutable_peers()->set_any(true);
    rule.add_services()->set_protocol(6);
    const auto cuts = find({ssh()}, wanted(v1::SELECTIVE), snapshot);
    ASSERT_EQ(cuts.total(), 1U);
    EXPECT_EQ(cuts.rows(0).rules(0), "ops/no-ssh");
}

TEST(Cuts, TheCallersOwnComesFirstThenWhatAdministersTheHost) {
    auto other = ssh("203.0.113.9", 40'000);
    other.local_port = 9000;
    auto question = wanted();
    auto& caller = *question.add_callers();
    caller.set_address(testing::bytes("198.51.100.7"));
    caller.set_port(51'122);
    question.set_most(2);
    const auto cuts =
        find({other, ssh("198.51.100.8"), ssh("198.51.100.7", 51'121), ssh()}, question);
    EXPECT_EQ(cuts.total(), 4U);
    ASSERT_EQ(cuts.rows_size(), 2);
    EXPECT_TRUE(cuts.rows(0).callers());
    EXPECT_EQ(cuts.rows(0).peer_port(), 51'122U);
    EXPECT_FALSE(cuts.rows(1).callers());
    EXPECT_EQ(cuts.rows(1).local_port(), 22U);
    question.mutable_callers(0)->set_port(0);
    EXPECT_EQ(find({other, ssh("198.51.100.7", 51'121)}, question).rows(0).peer_port(), 51'121U);
}

TEST(Cuts, WhatHasEndedAndOtherSubjectsArePassedOver) {
    auto gone = ssh();
    gone.kind = EventKind::end;
    EXPECT_EQ(find({gone}).judged(), 0U);
    auto question = wanted();
    question.set_subjects(0, "db-uk-1");
    EXPECT_EQ(find({ssh()}, question).judged(), 0U);
}

} // namespace
} // namespace ringwall::agent
