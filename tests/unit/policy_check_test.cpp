// What `ringwall policy check` says about policies that load.
#include "control/policy/check.h"

#include <gtest/gtest.h>

#include "control/policy/cover.h"
#include "control/policy/load.h"

namespace {

using ringwall::model::Severity;
using ringwall::policy::check;
using ringwall::policy::line;
using Told = std::vector<std::string>;

std::string workload(const std::string& name, const std::string& labels, const std::string& more) {
    return "---\napiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: " + name +
           "}\nspec: {labels: {" + labels + "}, " + more + "}\n";
}

// web-1, app-1 and db-1 in the UK, all managed.
std::string shop() {
    return workload("web-1", "role: web, loc: UK", "addresses: [10.0.0.1]") +
           workload("app-1", "role: app, loc: UK", "addresses: [10.0.0.2]") +
           workload("db-1", "role: db, loc: UK", "addresses: [10.0.0.3]");
}

std::string rule(const std::string& name, const std::string& action, const std::string& from,
                 const std::string& to, const std::string& services) {
    return "  - {name: " + name + ", action: " + action + ", from: [" + from + "], to: [" + to +
           "], services: [" + services + "]}\n";
}

std::string rule_set(const std::string& name, const std::string& scopes, const std::string& rules) {
    return "---\napiVersion: ringwall/v1\nkind: RuleSet\nmetadata: {name: " + name + "}\nspec:\n" +
           (scopes.empty() ? "" : "  scopes: [" + scopes + "]\n") + "  rules:\n" + rules;
}

Told findings_of(const std::string& text, Severity severity = Severity::warning) {
    const auto policy = ringwall::policy::load_text(text, "p");
    if (!policy)
        return {"refused: " + line(policy.error().front())};
    Told out;
    for (const auto& problem : check(*policy))
        if (problem.severity == severity)
            out.push_back(problem.message);
    return out;
}

const char* const http = "{proto: tcp, ports: [80]}";

TEST(Check, IsSilentAboutASoundPolicy) {
    EXPECT_EQ(findings_of(shop() + rule_set("r", "",
                                            rule("a", "allow", "{role: web}", "{role: app}", http) +
                                                rule("b", "allow", "{role: app}", "{role: db}",
                                                     "{proto: tcp, ports: [5432]}"))),
              Told{});
}

TEST(Check, NamesTheNearestLabelOfAnEntryThatSelectsNothing) {
    EXPECT_EQ(findings_of(shop() +
                          rule_set("r", "", rule("a", "allow", "{role: wbe}", "{rol: app}", http))),
              (Told{"no workload has role=wbe; did you mean \"web\"?",
                    "no workload has a label \"rol\"; did you mean \"role\"?"}));
}

TEST(Check, SeesThatACombinationSelectsNothing) {
    EXPECT_EQ(
        findings_of(
            shop() + workload("web-2", "role: web, loc: DE", "addresses: [10.1.0.1]") +
            rule_set("r", "{loc: DE}", rule("a", "allow", "{role: web}", "{role: app}", http))),
        (Told{"this entry of to selects no workload under the scope of its rule set; correct "
              "its labels, or those of the workloads"}));
}

TEST(Check, SeesAScopeWithoutWorkloads) {
    EXPECT_EQ(
        findings_of(shop() + rule_set("r", "{loc: UK}, {loc: UKK}",
                                      rule("a", "allow", "{role: web}", "{role: app}", http))),
        (Told{"no workload has loc=UKK; did you mean \"UK\"?"}));
    EXPECT_EQ(findings_of(shop() + workload("x", "role: x, loc: DE", "addresses: [10.1.0.1]") +
                          rule_set("r", "{loc: UK}, {loc: DE, role: web}",
                                   rule("a", "allow", "{role: web}", "{role: app}", http))),
              (Told{"no workload is in scope loc=DE role=web of rule set \"r\"; correct the scope "
                    "or the labels"}));
}

TEST(Check, SeesARuleThatAStrongerOneShadows) {
    const auto rules = rule("never", "override-deny", "{all: true}", "{role: db}", "{proto: any}") +
                       rule("app-to-db", "allow", "{role: app}", "{role: db}", http) +
                       rule("web-to-app", "allow", "{role: web}", "{role: app}", http) +
                       rule("no-web", "deny", "{role: web}", "{role: app}", http);
    const auto found = findings_of(shop() + rule_set("r", "", rules));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0], "rule \"r/app-to-db\" never decides: override-deny rule \"r/never\" "
                        "(p:22:12) is stronger and matches all that it matches; narrow that one or "
                        "remove this");
    EXPECT_TRUE(
        found[1].starts_with("rule \"r/no-web\" never decides: allow rule \"r/web-to-app\""));
}

TEST(Check, SeesTheSameRuleTwice) {
    const auto found =
        findings_of(shop() + rule_set("r", "",
                                      rule("a", "allow", "{role: web}", "{role: app}",
                                           "{proto: tcp, ports: [80, 81]}") +
                                          rule("b", "allow", "{role: web}", "{role: app}",
                                               "{proto: tcp, ports: [\"80-81\"]}")));
    EXPECT_EQ(found, (Told{"rule \"r/b\" says the same as rule \"r/a\" (p:22:12); remove one"}));
}

// 2026-12-01T12:00:00Z
constexpr std::int64_t december_ns = 1'796'126'400'000'000'000;

std::string until(std::string rule, const char* time) {
    return rule.replace(rule.rfind('}'), 1, std::string(", expires: ") + time + "}");
}

TEST(Check, SeesARuleThatHasExpired) {
    const auto text =
        shop() + rule_set("r", "",
                          until(rule("a", "allow", "{role: web}", "{role: app}", http),
                                "2026-12-01T12:00:00Z"));
    const auto policy = ringwall::policy::load_text(text, "p");
    ASSERT_TRUE(policy) << line(policy.error().front());
    EXPECT_TRUE(check(*policy).empty());
    EXPECT_TRUE(check(*policy, december_ns - 1).empty());
    const auto found = check(*policy, december_ns);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(line(found[0]),
              "p:22:12: warning: rule \"r/a\" has expired at 2026-12-01T12:00:00.000Z and matches "
              "nothing; remove it, or give it a later time");
}

TEST(Check, KnowsThatARuleWhichEndsSaysLess) {
    const auto same = rule("a", "allow", "{role: web}", "{role: app}", http);
    const auto ends =
        until(rule("b", "allow", "{role: web}", "{role: app}", http), "2026-12-01T12:00:00Z");
    EXPECT_EQ(findings_of(shop() + rule_set("r", "", ends + same)),
              (Told{"rule \"r/a\" is wider than \"r/b\" (p:22:12): it allows all that they match; "
                    "narrow it, or remove them"}));
    const auto deny = rule("c", "deny", "{role: web}", "{role: app}", http);
    EXPECT_EQ(findings_of(shop() + rule_set("r", "", ends + deny)), Told{});
}

TEST(Check, SeesARuleWiderThanAnother) {
    const auto found = findings_of(
        shop() +
        rule_set("r", "",
                 rule("wide", "allow", "{role: [web, app]}", "{role: db}", "{proto: tcp}") +
                     rule("narrow", "allow", "{role: app}", "{role: db}", http)));
    EXPECT_EQ(found, (Told{"rule \"r/wide\" is wider than \"r/narrow\" (p:23:12): it allows all "
                           "that they match; narrow it, or remove them"}));
}

TEST(Check, DoesNotConfuseTodaysWorkloadsWithTheRule) {
    // Both select the same single workload today, but say different things.
    EXPECT_EQ(findings_of(shop() + rule_set("r", "",
                                            rule("a", "allow", "{role: web}", "{loc: UK}", http) +
                                                rule("b", "allow", "{role: web}",
                                                     "{role: [web, app, db]}", http))),
              Told{});
}

TEST(Check, ComparesRulesUnderTheirScopes) {
    const auto both = [](const char* first, const char* second) {
        return findings_of(
            shop() + workload("de", "role: web, loc: DE", "addresses: [10.1.0.1]") +
            workload("de-app", "role: app, loc: DE", "addresses: [10.1.0.2]") +
            rule_set("one", first, rule("a", "allow", "{role: web}", "{role: app}", http)) +
            rule_set("two", second, rule("a", "allow", "{role: web}", "{role: app}", http)));
    };
    EXPECT_EQ(both("{loc: UK}", "{loc: DE}"), Told{});
    ASSERT_EQ(both("", "{loc: DE}").size(), 1u);
    EXPECT_TRUE(both("", "{loc: DE}")[0].starts_with("rule \"one/a\" is wider than \"two/a\""));
    EXPECT_TRUE(
        both("{loc: UK}, {loc: DE}", "{loc: DE}")[0].starts_with("rule \"one/a\" is wider"));
}

TEST(Check, WarnsOfAProcessThatCanBeImitated) {
    const auto with = [](const char* process) {
        return findings_of(shop() +
                           rule_set("r", "",
                                    rule("a", "allow", "{role: web}", "{role: app}",
                                         std::string("{proto: tcp, process: ") + process + "}")));
    };
    EXPECT_EQ(
        with("{path: /usr/sbin/named}"),
        (Told{"process path /usr/sbin/named alone can be imitated: every local user may start "
              "it with LD_PRELOAD or under ptrace; add unit, container or user"}));
    EXPECT_EQ(with("{name: named}").size(), 1u);
    for (const char* bound : {"{path: /usr/sbin/named, user: bind}", "{unit: named.service}",
                              "{name: java, unit: tomcat10.service}", "{path: \"[kernel]\"}"})
        EXPECT_EQ(with(bound), Told{}) << bound;
}

const std::string printer =
    workload("printer", "role: printer", "addresses: [10.9.0.1], managed: false");
const char* const cups = "{proto: tcp, ports: [631], process: {unit: cups.service}}";

TEST(Check, WarnsOfAnEndThatCannotJudgeItsProcess) {
    const auto text =
        shop() + printer +
        rule_set("r", "", rule("a", "allow", "{role: web}", "{role: [printer, app]}", cups));
    EXPECT_EQ(findings_of(text),
              (Told{"rule \"r/a\" selects a process at its destination, where workload "
                    "\"printer\" cannot judge it (no agent): nothing is allowed with "
                    "them; write a rule without process for them"}));
    EXPECT_EQ(findings_of(text, Severity::error), Told{});
}

TEST(Check, RefusesAProcessThatNobodyCanJudge) {
    const auto text = shop() + printer +
                      rule_set("r", "",
                               rule("a", "allow", "{role: web}", "{role: printer}", cups) +
                                   rule("b", "allow", "{role: printer, process: {unit: a.service}}",
                                        "{role: web}", http));
    EXPECT_EQ(findings_of(text, Severity::error),
              (Told{"rule \"r/a\" selects a process at its destination, but nobody there has an "
                    "agent to judge it (workload \"printer\"); remove the process, or manage them",
                    "rule \"r/b\" selects a process at its source, but nobody there has an agent "
                    "to judge it (workload \"printer\"); remove the process, or manage them"}));
}

TEST(Check, KnowsThatUnknownAddressesHaveNoAgent) {
    const auto text =
        shop() + rule_set("r", "", rule("a", "allow", "{role: web}", "{any: true}", cups));
    ASSERT_EQ(findings_of(text).size(), 1u);
    EXPECT_NE(findings_of(text)[0].find("where unknown addresses cannot judge it"),
              std::string::npos);
}

TEST(Check, WarnsOfAnAllToAllAllow) {
    const auto with = [](const char* scopes, const char* action, const char* services) {
        return findings_of(
            shop() +
            rule_set("r", scopes, rule("a", action, "{any: true}", "{all: true}", services)));
    };
    EXPECT_EQ(with("", "allow", "{proto: any}"),
              (Told{"rule \"r/a\" has no scope and lets everyone reach every workload on every "
                    "service; add scopes to its rule set, or labels to from and to"}));
    EXPECT_EQ(with("", "allow", http).size(), 1u);
    EXPECT_EQ(with("{loc: UK}", "allow", "{proto: any}"), Told{});
    EXPECT_EQ(with("", "deny", "{proto: any}"), Told{});
}

TEST(Check, WarnsOfAWorkloadWithoutLabels) {
    EXPECT_EQ(findings_of("apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: w}\n"
                          "spec: {addresses: [10.0.0.1]}\n"),
              (Told{"workload \"w\" has no labels, so no rule by label is ever about it; add "
                    "labels: {role: ..., app: ...}"}));
}

TEST(Check, WarnsOfAnAddressClaimedTwice) {
    EXPECT_EQ(findings_of(shop() + workload("web-2", "role: web", "addresses: [10.0.0.1]")),
              (Told{"address 10.0.0.1 of workload \"web-2\" belongs to \"web-1\" (p:4:18) too: an "
                    "allow must then hold for each of them; give each its own address"}));
}

TEST(Check, LetsContainersOfDifferentHostsReuseAnAddress) {
    const auto container = [](const char* name, const char* host) {
        return workload(name, "role: c",
                        std::string("addresses: [172.17.0.2], realm: host, cgroup: "
                                    "/machine.slice/c, host: ") +
                            host);
    };
    EXPECT_EQ(findings_of(shop() + container("c1", "web-1") + container("c2", "app-1")), Told{});
    EXPECT_EQ(
        findings_of(shop() + container("c1", "web-1") +
                    workload("c3", "role: c",
                             "addresses: [172.17.0.2], realm: host, cgroup: /c3, host: web-1"))
            .size(),
        1u);
}

TEST(Check, WarnsOfAPeerWithoutAnAddress) {
    const auto text =
        shop() + workload("c", "role: cache", "cgroup: /machine.slice/c, host: web-1");
    EXPECT_EQ(findings_of(text), Told{});
    EXPECT_EQ(
        findings_of(text +
                    rule_set("r", "", rule("a", "allow", "{role: app}", "{role: cache}", http))),
        (Told{"workload \"c\" has no address of its own: its peers see host \"web-1\", so they "
              "cannot apply rules that select it by label; give it addresses, or label the "
              "host"}));
}

TEST(Check, WarnsOfANamedWorkloadJoinedWithAnotherScope) {
    const auto found =
        findings_of(shop() + workload("de", "role: app, loc: DE", "addresses: [10.1.0.2]") +
                    rule_set("r", "{loc: UK}, {loc: DE}",
                             rule("a", "allow", "{workload: web-1}", "{role: app}", http)));
    EXPECT_EQ(found, (Told{"workload \"web-1\" is outside scope loc=DE of rule set \"r\", yet the "
                           "rule joins it with that scope too; give it a rule set of its own"}));
}

ringwall::model::Port tcp(std::vector<ringwall::model::PortRange> ports) {
    ringwall::model::Port out;
    out.protocol = 6;
    out.ports = std::move(ports);
    return out;
}

TEST(Cover, JoinsTouchingPortRanges) {
    using ringwall::policy::covers;
    EXPECT_TRUE(covers(tcp({{81, 90}, {1, 80}}), tcp({{70, 85}})));
    EXPECT_FALSE(covers(tcp({{82, 90}, {1, 80}}), tcp({{70, 85}})));
    EXPECT_TRUE(covers(tcp({}), tcp({{70, 85}})));
    EXPECT_FALSE(covers(tcp({{1, 65534}}), tcp({})));
    EXPECT_TRUE(covers(tcp({{1, 65535}}), tcp({{65535, 65535}})));
}

} // namespace
