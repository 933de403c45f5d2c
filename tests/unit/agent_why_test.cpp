#include "agent/why.h"

#include <gtest/gtest.h>

#include "tests/unit/snapshots.h"

namespace ringwall::agent {
namespace {

using testing::bytes;
using testing::payments;

const v1::Subject& app(const v1::Snapshot& snapshot) {
    return snapshot.policy().subjects(0);
}
Tuple tcp(const char* peer, std::uint16_t port) {
    return {Address::parse(peer).value(), 6, port, false};
}
const ProcessFacts tomcat{"", "tomcat10.service", "", "", "", ""};
const ProcessFacts httpd{"", "apache2.service", "", "", "", ""};

TEST(Why, WebMayReachAppOn8080AsTomcat) {
    const auto snapshot = payments();
    const auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat);
    EXPECT_EQ(end.verdict, "allowed");
    EXPECT_EQ(end.rules, std::vector<std::string>{"payments/web-to-app"});
    EXPECT_NE(end.peer.find("Web Server, Payments, Production, UK"), std::string::npos);
}

TEST(Why, HttpdInPlaceOfTomcatIsBlockedAndTheRuleIsNamed) {
    const auto snapshot = payments();
    const auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), httpd);
    EXPECT_EQ(end.verdict, "blocked");
    EXPECT_TRUE(end.rules.empty());
    ASSERT_EQ(end.near.size(), 1u);
    EXPECT_NE(end.near[0].find("payments/web-to-app"), std::string::npos);
    EXPECT_NE(end.near[0].find("unit tomcat10.service"), std::string::npos);
}

TEST(Why, AnUnknownProcessDoesNotSatisfyAnAllow) {
    const auto snapshot = payments();
    const auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), {});
    EXPECT_EQ(end.verdict, "blocked");
    EXPECT_NE(end.near.at(0).find("not known here"), std::string::npos);
}

TEST(Why, AnotherPortNamesTheOneThatWouldDo) {
    const auto snapshot = payments();
    const auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 80), tomcat);
    EXPECT_EQ(end.verdict, "blocked");
    EXPECT_NE(end.near.at(0).find("tcp 8080"), std::string::npos);
}

TEST(Why, AStrangerMatchesNothing) {
    const auto snapshot = payments();
    const auto end = judge(snapshot, app(snapshot), true, tcp("10.1.0.1", 80), tomcat);
    EXPECT_EQ(end.verdict, "blocked");
    EXPECT_TRUE(end.near.empty());
    EXPECT_NE(end.reason.find("no rule matches"), std::string::npos);
}

TEST(Why, TheModeMakesTheDifference) {
    for (auto [mode, verdict] :
         {std::pair{v1::IDLE, "not judged"}, std::pair{v1::VISIBILITY, "would-block"},
          std::pair{v1::SELECTIVE, "unmatched"}, std::pair{v1::FULL, "blocked"}}) {
        auto snapshot = payments();
        snapshot.mutable_policy()->mutable_subjects(0)->set_mode(mode);
        EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.1.0.1", 80), tomcat).verdict,
                  verdict);
    }
}

v1::Rule& add_rule(v1::Snapshot& snapshot, const char* id, v1::Action action) {
    auto& rule = *snapshot.mutable_policy()->mutable_subjects(0)->add_rules();
    rule.set_id(id);
    rule.set_action(action);
    rule.set_direction(v1::INBOUND);
    rule.mutable_peers()->add_identities(2);
    auto& service = *rule.add_services();
    service.set_protocol(6);
    return rule;
}

TEST(Why, OverrideDenyBeatsAllowAndAllowBeatsDeny) {
    auto snapshot = payments();
    add_rule(snapshot, "ops/deny", v1::DENY);
    auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat);
    EXPECT_EQ(end.verdict, "allowed");
    EXPECT_EQ(end.rules, (std::vector<std::string>{"payments/web-to-app", "ops/deny"}));
    add_rule(snapshot, "ops/quarantine", v1::OVERRIDE_DENY);
    end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat);
    EXPECT_EQ(end.verdict, "blocked");
    EXPECT_EQ(end.rules.front(), "ops/quarantine");
}

TEST(Why, ADenyTakesAPossibleProcess) {
    auto snapshot = payments();
    auto& rule = add_rule(snapshot, "ops/no-curl", v1::OVERRIDE_DENY);
    rule.mutable_services(0)->mutable_process()->set_path("/usr/bin/curl");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat).rules.front(),
              "ops/no-curl");
    ProcessFacts java = tomcat;
    java.path = "/usr/bin/java";
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), java).verdict, "allowed");
}

TEST(Why, AListNamesItsAddressesButNotItsExclusions) {
    auto snapshot = payments();
    auto& list = *snapshot.mutable_policy()->add_lists();
    list.set_name("office");
    list.add_prefixes("203.0.113.0/24");
    list.add_exclude("203.0.113.66");
    auto& rule = add_rule(snapshot, "ops/office", v1::ALLOW);
    rule.clear_peers();
    rule.mutable_peers()->add_lists("office");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("203.0.113.9", 22), {}).verdict, "allowed");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("203.0.113.66", 22), {}).verdict, "blocked");
}

TEST(Why, AnAddressOfSeveralWorkloadsNeedsAnAllowForEach) {
    auto snapshot = payments();
    snapshot.mutable_inventory()->mutable_addresses(1)->add_identities(3);
    auto end = judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat);
    EXPECT_EQ(end.verdict, "blocked");
    add_rule(snapshot, "other/allow", v1::ALLOW).mutable_peers()->add_identities(3);
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat).verdict,
              "allowed");
}

TEST(Why, AHostLocalAddressOfAnotherHostIsAStranger) {
    auto snapshot = payments();
    snapshot.mutable_inventory()->mutable_addresses(1)->set_host("elsewhere");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat).verdict,
              "blocked");
    snapshot.mutable_inventory()->mutable_addresses(1)->set_host("app-uk-1");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, tcp("10.0.0.1", 8080), tomcat).verdict,
              "allowed");
}

TEST(Why, IcmpIsJudgedByTypeAndCode) {
    auto snapshot = payments();
    auto& rule = add_rule(snapshot, "ops/ping", v1::ALLOW);
    rule.mutable_services(0)->set_protocol(1);
    auto& icmp = *rule.mutable_services(0)->add_icmp();
    icmp.set_type(8);
    icmp.set_code(-1);
    const auto from = Address::parse("10.0.0.1").value();
    EXPECT_EQ(judge(snapshot, app(snapshot), true, {from, 1, 8 << 8, false}, {}).verdict,
              "allowed");
    EXPECT_EQ(judge(snapshot, app(snapshot), true, {from, 1, 13 << 8, false}, {}).verdict,
              "blocked");
}

TEST(Why, WithoutAPortOnlyAllPortRulesMatch) {
    auto snapshot = payments();
    const auto from = Address::parse("10.0.0.1").value();
    EXPECT_EQ(judge(snapshot, app(snapshot), true, {from, 6, 0, true}, tomcat).verdict, "blocked");
    add_rule(snapshot, "ops/all", v1::ALLOW);
    EXPECT_EQ(judge(snapshot, app(snapshot), true, {from, 6, 0, true}, tomcat).verdict, "allowed");
}

TEST(Why, NamesAndAddressesBothNameAWorkload) {
    const auto snapshot = payments();
    WhyQuery query;
    query.from = "web-uk-1";
    query.to = "app-uk-1";
    query.protocol = 6;
    query.port = 8080;
    query.any_port = false;
    query.unit = "tomcat10.service";
    auto ends = why(snapshot, query);
    ASSERT_TRUE(ends);
    ASSERT_EQ(ends->size(), 1u); // web-uk-1 is enforced elsewhere
    EXPECT_EQ(ends->front().verdict, "allowed");
    query.from = "10.0.0.1";
    query.to = "10.0.1.5";
    EXPECT_EQ(why(snapshot, query)->front().verdict, "allowed");
    query.to = "nobody";
    EXPECT_EQ(why(snapshot, query).error().code, ApiErrc::not_found);
}

} // namespace
} // namespace ringwall::agent
