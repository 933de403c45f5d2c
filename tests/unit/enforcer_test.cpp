// One host, seen through its maps: what a policy becomes and how one policy follows another.
#include <algorithm>

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/unit/enforcer_story.h"

namespace ringwall::agent {
namespace {

using loader::Attribute;
using loader::Verdict;
using test::Packet;
using test::Process;

// ---- names of this node ------------------------------------------------------------------------

TEST(Node, AUnitIsItsCgroupPath) {
    NodeContext node;
    EXPECT_EQ(unit_cgroup("named.service", node), "/system.slice/named.service");
    EXPECT_EQ(unit_cgroup("getty@tty1.service", node),
              "/system.slice/system-getty.slice/getty@tty1.service");
    EXPECT_EQ(unit_cgroup("my-db@1.service", node),
              "/system.slice/system-my\\x2ddb.slice/my-db@1.service");
    EXPECT_EQ(unit_cgroup("/kubepods.slice/pod7", node), "/kubepods.slice/pod7");
}

TEST(Node, AUnitOfATestHostIsRightBelowItsSubtree) {
    NodeContext node;
    node.unit_root = "/hosts/uk-1";
    node.flat_units = true;
    EXPECT_EQ(unit_cgroup("named.service", node), "/hosts/uk-1/named.service");
}

TEST(Node, ADigestIdNeedsAWholeDigest) {
    EXPECT_EQ(digest_id("00000000000000ff" + std::string(48, '0')), 255u);
    EXPECT_EQ(digest_id(std::string(64, '0')), 1u); // never 0
    EXPECT_FALSE(digest_id("abc"));
    EXPECT_FALSE(digest_id(std::string(64, 'A')));
}

// ---- compile -----------------------------------------------------------------------------------

TEST(Compile, ALongerPortPrefixCarriesWhatTheShorterOnesSay) {
    Host host(plain_node());
    Story story;
    story.rules =
        rule("ALLOW", web, "services { protocol: 6 ports { first: 8000 last: 8999 } }") +
        rule("OVERRIDE_DENY", web, "services { protocol: 6 ports { first: 8080 last: 8080 } }") +
        rule("DENY", web, "services { any_protocol: true }");
    host.apply(story);
    EXPECT_EQ(host.inbound("10.0.0.1", 8000), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 8080), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.1", 8999), Verdict::allowed);
    EXPECT_EQ(host.judge("10.0.0.1", 9000).outcome, test::Outcome::deny);
    EXPECT_EQ(host.judge("10.0.0.1", 8000, {}, 17).outcome, test::Outcome::deny);
    EXPECT_EQ(host.judge("10.0.0.2", 8000).outcome, test::Outcome::none);
}

TEST(Compile, AFragmentWithoutPortsNeedsAnAllPortsRule) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, "services { protocol: 17 ports { first: 1 last: 65535 } }") +
                  rule("ALLOW", db, "services { protocol: 17 }");
    host.apply(story);
    EXPECT_EQ(host.judge("10.0.0.1", 0, {}, 17, true).verdict(), Verdict::blocked);
    EXPECT_EQ(host.judge("10.0.0.2", 0, {}, 17, true).verdict(), Verdict::allowed);
}

TEST(Compile, AnIcmpTypeWithoutCodeIsAllItsCodes) {
    Host host(plain_node());
    Story story;
    story.rules =
        rule("ALLOW", web,
             "services { protocol: 1 icmp { type: 8 code: -1 } icmp { type: 3 code: 4 } }");
    host.apply(story);
    EXPECT_EQ(host.judge("10.0.0.1", 8 << 8 | 9, {}, 1).verdict(), Verdict::allowed);
    EXPECT_EQ(host.judge("10.0.0.1", 3 << 8 | 4, {}, 1).verdict(), Verdict::allowed);
    EXPECT_EQ(host.judge("10.0.0.1", 3 << 8 | 5, {}, 1).verdict(), Verdict::blocked);
}

TEST(Compile, TheFailsafeListBeatsEverything) {
    Host host; // lets tcp 22 in from 10.0.0.0/29
    Story story;
    story.rules = rule("OVERRIDE_DENY", "any: true", "services { any_protocol: true }");
    host.apply(story);
    EXPECT_EQ(host.inbound("10.0.0.1", 22), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 23), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.9", 22), Verdict::blocked);
}

TEST(Compile, AnExclusionCutsAHoleIntoItsList) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", R"(lists: "office")", tcp_80);
    host.apply(story);
    EXPECT_EQ(host.inbound("10.1.2.3", 80), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed); // a workload inside the list
    EXPECT_EQ(host.inbound("10.9.2.3", 80), Verdict::blocked);
    EXPECT_EQ(host.inbound("192.0.2.1", 80), Verdict::blocked);
}

TEST(Compile, PeersThatTheSameRulesMatchShareTheirClass) {
    Host host(plain_node());
    Story story;
    story.owners.clear();
    for (int i = 1; i <= 50; ++i)
        story.owners.emplace_back(fmt::format("10.0.0.{}", i), i % 2 ? "1" : "2");
    story.rules = rule("ALLOW", "all_workloads: true", tcp_80);
    host.apply(story);
    EXPECT_EQ(host.maps.entries.size(), 1u);
    EXPECT_EQ(host.enforcer().sizes().classes, 2u); // theirs and that of strangers
}

constexpr const char* as_bind =
    "services { protocol: 6 ports { first: 80 last: 80 } process { user: \"bind\" } }";
constexpr const char* as_named =
    "services { protocol: 6 ports { first: 80 last: 80 } process { path: \"/usr/sbin/named\" } }";

TEST(Compile, AllowNeedsSureDenyTakesMaybe) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, as_named) + rule("DENY", db, as_named);
    host.apply(story);
    const Process named{.path = "/usr/sbin/named"}, httpd{.path = "/usr/sbin/httpd"}, unresolved;
    EXPECT_EQ(host.inbound("10.0.0.1", 80, named), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, httpd), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, unresolved), Verdict::blocked);
    EXPECT_EQ(host.judge("10.0.0.2", 80, unresolved).outcome, test::Outcome::deny);
    EXPECT_EQ(host.judge("10.0.0.2", 80, httpd).outcome, test::Outcome::none);
}

TEST(Compile, AnAddressOfTwoNeedsTheAllowOfEachAndMayNeedBothSelectors) {
    Host host(plain_node());
    Story story;
    story.owners = {{"10.0.0.1", "1"}, {"10.0.0.2", "2"}, {"10.0.0.3", "12"}};
    story.rules = rule("ALLOW", web, as_bind) + rule("ALLOW", db, as_named);
    host.apply(story);
    const Process both{.path = "/usr/sbin/named", .user = 107};
    const Process bind_only{.path = "/usr/sbin/httpd", .user = 107};
    const Process named_only{.path = "/usr/sbin/named", .user = 0};
    EXPECT_EQ(host.inbound("10.0.0.1", 80, bind_only), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.2", 80, named_only), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.3", 80, bind_only), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.3", 80, named_only), Verdict::blocked);
    EXPECT_EQ(host.inbound("10.0.0.3", 80, both), Verdict::allowed);
}

TEST(Compile, AnAddressOfTwoIsDeniedWhenEitherIs) {
    Host host(plain_node());
    Story story;
    story.owners = {{"10.0.0.3", "12"}};
    story.rules = rule("ALLOW", "all_workloads: true", tcp_80) + rule("OVERRIDE_DENY", db, tcp_80);
    host.apply(story);
    EXPECT_EQ(host.inbound("10.0.0.3", 80), Verdict::blocked);
}

TEST(Compile, ACombinationThatTurnsUpLaterGetsANewRuleSet) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, as_bind) + rule("ALLOW", db, as_named);
    host.apply(story);
    story.owners.emplace_back("10.0.0.3", "12");
    const auto delta = host.apply(story);
    EXPECT_EQ(delta.rule_sets.size(), 1u);
    EXPECT_EQ(host.inbound("10.0.0.3", 80, {.path = "/usr/sbin/named", .user = 107}),
              Verdict::allowed);
}

TEST(Compile, ANodeThatCannotJudgeItsOwnSelectorRefuses) {
    Host host;
    Story story;
    story.rules =
        rule("ALLOW", web, R"(services { any_protocol: true process { user: "nobody-here" } })");
    const auto delta = host.plan(story);
    ASSERT_FALSE(delta);
    EXPECT_EQ(delta.error().code, Errc::unresolved);
    EXPECT_NE(delta.error().message.find("nobody-here"), std::string::npos);
}

TEST(Compile, MoreThan64SelectorsAreRefused) {
    Host host;
    Story story;
    for (int i = 0; i < 65; ++i)
        story.rules += rule(
            "ALLOW", web,
            fmt::format("services {{ any_protocol: true process {{ user: \"{}\" }} }}", i).c_str());
    const auto delta = host.plan(story);
    ASSERT_FALSE(delta);
    EXPECT_EQ(delta.error().code, Errc::too_many_selectors);
    story.rules.clear();
    for (int i = 0; i < 64; ++i)
        story.rules += rule(
            "ALLOW", web,
            fmt::format("services {{ any_protocol: true process {{ user: \"{}\" }} }}", i).c_str());
    host.apply(story);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, {.user = 63}), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, {.user = 64}), Verdict::blocked);
}

TEST(Compile, ASnapshotThatContradictsItselfIsRefused) {
    Story story;
    story.rules = rule("ALLOW", "identities: 9", tcp_80);
    EXPECT_EQ(Host().plan(story).error().code, Errc::bad_snapshot);
    story.rules = rule("ALLOW", R"(lists: "moon")", tcp_80);
    EXPECT_EQ(Host().plan(story).error().code, Errc::bad_snapshot);
    story.rules = rule("ALLOW", web, "services { protocol: 6 ports { first: 90 last: 80 } }");
    EXPECT_EQ(Host().plan(story).error().code, Errc::bad_snapshot);
    EXPECT_EQ(Enforcer(test::test_node()).plan(v1::Snapshot{}).error().code, Errc::bad_snapshot);
}

TEST(Compile, ContainersAreResolvedLater) {
    Host host(plain_node());
    Story story;
    story.rules =
        rule("ALLOW", web, R"(services { any_protocol: true process { container: "shop" } })");
    host.apply(story);
    const Process shop{.container = "shop"}, none{.container = ""};
    EXPECT_EQ(host.judge("10.0.0.1", 80, shop).sure & 1, 0u);
    const auto delta = host.enforcer().set_containers(test::containers());
    EXPECT_TRUE(delta.raise_epoch);
    host.maps.apply(delta);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, shop), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.0.0.1", 80, none), Verdict::blocked);
    EXPECT_FALSE(host.enforcer().set_containers(test::containers()).raise_epoch); // nothing new
}

// ---- from one policy to the next ---------------------------------------------------------------

TEST(Enforcer, ANewPeerIsItsClassAndItsAddressAndNothingElse) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    story.owners.emplace_back("10.0.0.7", "1");
    const auto delta = host.apply(story);
    EXPECT_EQ(delta.peers.size(), 1u);
    EXPECT_TRUE(delta.rule_sets.empty() && delta.subjects.empty() && delta.entries.empty());
    EXPECT_FALSE(delta.raise_generation);
    EXPECT_EQ(host.inbound("10.0.0.7", 80), Verdict::allowed);
}

TEST(Enforcer, AWorkloadWithLabelsNeverSeenKeepsTheRuleSet) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    story.identities +=
        R"( identities { id: 3 managed: true labels { key: "role" value: "new" } })";
    story.owners.emplace_back("10.0.0.8", "3");
    story.rules.replace(story.rules.find("peers { identities: 1"), 21,
                        "peers { identities: [1, 3]");
    const auto delta = host.apply(story);
    EXPECT_TRUE(delta.rule_sets.empty());
    EXPECT_FALSE(delta.raise_generation);
    EXPECT_EQ(host.inbound("10.0.0.8", 80), Verdict::allowed);
}

TEST(Enforcer, ALeavingPeerRaisesTheGeneration) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    story.owners.erase(story.owners.begin());
    const auto delta = host.apply(story);
    EXPECT_TRUE(delta.raise_generation);
    EXPECT_TRUE(delta.rule_sets.empty());
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::blocked);
}

TEST(Enforcer, ARuleMoreIsANewRuleSetWithoutANewGeneration) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    story.rules += rule("ALLOW", db, tcp_80);
    const auto wider = host.apply(story);
    EXPECT_EQ(wider.rule_sets.size(), 1u);
    EXPECT_EQ(wider.dead_rule_sets.size(), 1u);
    EXPECT_FALSE(wider.raise_generation);
    story.rules = rule("ALLOW", db, tcp_80);
    EXPECT_TRUE(host.apply(story).raise_generation);
}

TEST(Enforcer, ARuleThatNamesAKnownIdentityMoreOrLessIsANewRuleSet) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    const std::string one = story.rules;
    story.rules.replace(story.rules.find("peers { identities: 1"), 21,
                        "peers { identities: [1, 2]");
    EXPECT_FALSE(host.apply(story).raise_generation);
    EXPECT_EQ(host.inbound("10.0.0.2", 80), Verdict::allowed);
    story.rules = one;
    EXPECT_TRUE(host.apply(story).raise_generation);
    EXPECT_EQ(host.inbound("10.0.0.2", 80), Verdict::blocked);
}

TEST(Enforcer, AStricterModeRaisesTheGenerationAMilderOneDoesNot) {
    Host host(plain_node());
    Story story;
    story.mode = "VISIBILITY";
    host.apply(story);
    story.mode = "FULL";
    auto delta = host.apply(story);
    EXPECT_TRUE(delta.raise_generation);
    EXPECT_TRUE(delta.rule_sets.empty() && delta.peers.empty());
    story.mode = "VISIBILITY";
    EXPECT_FALSE(host.apply(story).raise_generation);
}

TEST(Enforcer, LongerPrefixesAreWrittenFirst) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", R"(lists: "office")", tcp_80);
    host.apply(story);
    story.list = R"(prefixes: "10.0.0.0/8" exclude: "10.8.0.0/16" prefixes: "10.8.1.0/24")";
    const auto delta = host.apply(story);
    EXPECT_TRUE(std::ranges::is_sorted(delta.peers, std::ranges::greater{},
                                       [](const auto& row) { return row.prefix.length; }));
    EXPECT_EQ(delta.peers.front().prefix.text(), "10.0.0.1");
    EXPECT_EQ(delta.peers.back().prefix.text(), "10.0.0.0/8");
    EXPECT_EQ(host.inbound("10.9.0.1", 80), Verdict::allowed);
    EXPECT_EQ(host.inbound("10.8.1.1", 80), Verdict::blocked); // exclusions win inside their list
}

TEST(Enforcer, APlanThatFailsLeavesNothingBehind) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    Story other = story;
    other.owners.emplace_back("10.0.0.9", "12"); // a class that the live rule set has not met
    other.rules += rule("DENY", db, tcp_80);
    const auto sizes = host.enforcer().sizes();
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(host.plan(other)->entries.empty());
        EXPECT_EQ(host.plan(other).error().code, Errc::pending);
        host.enforcer().failed();
    }
    EXPECT_EQ(host.enforcer().sizes().entries, sizes.entries);
    EXPECT_TRUE(host.plan(story)->classes.empty());
    host.enforcer().failed();
    host.apply(other);
    EXPECT_EQ(host.judge("10.0.0.2", 80).outcome, test::Outcome::deny);
}

TEST(Enforcer, ARestartContinuesTheLiveRuleSetUntilTheNewOneStands) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    const auto live = host.maps.rule_sets.begin()->first;
    host.restart(story);
    const auto delta = host.apply(story);
    EXPECT_TRUE(delta.complete);
    EXPECT_TRUE(
        std::ranges::any_of(delta.classes, [&](const auto& c) { return c.rule_set == live; }));
    EXPECT_EQ(delta.dead_rule_sets, std::vector{live});
    EXPECT_EQ(host.maps.rule_sets.size(), 1u);
    EXPECT_EQ(host.maps.subjects.size(), 1u);
    EXPECT_EQ(host.inbound("10.0.0.1", 80), Verdict::allowed);
}

TEST(Enforcer, ASubjectWithoutACgroupIsReportedAndAddedOnceItIsThere) {
    bool there = false;
    NodeContext node = plain_node();
    node.cgroup_directory = [&](const std::string& cgroup) -> std::optional<std::string> {
        return there ? std::optional("/sys/fs/cgroup" + cgroup) : std::nullopt;
    };
    Enforcer enforcer(node);
    EXPECT_TRUE(enforcer.plan(Story().snapshot())->subjects.empty());
    enforcer.applied();
    EXPECT_EQ(enforcer.missing_subjects(), std::vector<std::string>{"host"});
    there = true;
    EXPECT_EQ(enforcer.plan(Story().snapshot())->subjects.size(), 1u);
}

// ---- explaining --------------------------------------------------------------------------------

TEST(Explain, AnEventNamesRulePeerAndSubject) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", R"(lists: "office")", tcp_80) + rule("OVERRIDE_DENY", web, tcp_80);
    const auto delta = host.apply(story);
    const auto got = host.judge("10.0.0.1", 80);
    loader::Event event;
    event.subject = delta.subjects[0].id;
    event.rule_set = got.rule_set;
    event.entry = got.entry;
    event.peer_id = got.peer;
    event.peer = address("10.0.0.1");
    const auto why = host.enforcer().explain(event);
    EXPECT_EQ(why.rule(), "set/OVERRIDE_DENY-identities: 1");
    EXPECT_EQ(why.matches.size(), 2u);
    EXPECT_EQ(why.subject, "host");
    EXPECT_EQ(why.peer_workloads, std::vector<std::string>{"owner-of-10.0.0.1"});
    EXPECT_EQ(why.peer_labels[0].at("role"), "web");
    EXPECT_EQ(why.peer_lists, std::vector<std::string>{"office"});
    EXPECT_TRUE(why.peer_known && why.peer_managed);
}

TEST(Explain, AnEventOfTheRuleSetBeforeIsStillUnderstood) {
    Host host(plain_node());
    Story story;
    story.rules = rule("ALLOW", web, tcp_80);
    host.apply(story);
    const auto got = host.judge("10.0.0.1", 80);
    story.rules = rule("DENY", web, tcp_80);
    host.apply(story);
    loader::Event late;
    late.rule_set = got.rule_set;
    late.entry = got.entry;
    late.peer = address("10.0.0.1");
    EXPECT_EQ(host.enforcer().explain(late).rule(), "set/ALLOW-identities: 1");
}

TEST(Explain, AStrangerIsUnknown) {
    Host host(plain_node());
    host.apply({});
    const auto who = host.enforcer().explain_address(address("192.0.2.1"));
    EXPECT_FALSE(who.peer_known);
    EXPECT_TRUE(who.peer_workloads.empty() && who.peer_lists.empty());
}

TEST(Words, ARuleIsOneSentence) {
    Story story;
    story.rules =
        rule("ALLOW", R"(identities: 1 lists: "office")",
             R"(services { protocol: 6 ports { first: 80 last: 80 } ports { first: 8000 last: 8999 }
                          process { unit: "web.service" user: "bind" } } services { protocol: 1 icmp { type: 8 code: -1 } })");
    const auto snapshot = story.snapshot();
    const auto words = rules_in_words(snapshot, snapshot.policy().subjects(0));
    ASSERT_EQ(words.size(), 1u);
    EXPECT_EQ(words[0].substr(0, words[0].find(" (set/")),
              "allow in from role=web, list office on tcp 80,8000-8999 as unit web.service and "
              "user bind; icmp type 8");
}

} // namespace
} // namespace ringwall::agent
