// The sentences of the policy semantics, one test each, on snapshots of single hosts.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "control/compute/compute.h"

namespace ringwall::compute {
namespace {

using model::Action;
using model::Labels;
using model::LabelSelector;
using model::Policy;
using model::ProcessSelector;
using model::RuleScope;
using model::Selector;
using model::ServiceUse;
using model::Workload;

// ---- writing policies --------------------------------------------------------------------------

Workload workload(std::string name, Labels labels, std::vector<const char*> addresses) {
    Workload out;
    out.name = std::move(name);
    out.labels = std::move(labels);
    for (const char* address : addresses)
        out.addresses.push_back(Address::parse(address).value());
    out.mode = model::Mode::full;
    return out;
}

Workload unmanaged(Workload w) {
    w.managed = false;
    return w;
}

Selector having(std::map<std::string, std::set<std::string>> labels) {
    Selector out;
    out.labels.labels = std::move(labels);
    return out;
}

Selector role(const char* value) {
    return having({{"role", {value}}});
}

Selector form(Selector::Form form, std::string name = {}) {
    Selector out;
    out.form = form;
    out.name = std::move(name);
    return out;
}

Selector named(std::string name) {
    return form(Selector::Form::workload, std::move(name));
}
Selector list(std::string name) {
    return form(Selector::Form::list, std::move(name));
}
Selector any() {
    return form(Selector::Form::any);
}
Selector all() {
    return form(Selector::Form::all);
}

ProcessSelector unit(const char* name) {
    ProcessSelector out;
    out.unit = name;
    return out;
}

ServiceUse port(std::uint8_t protocol, std::uint16_t number,
                std::optional<ProcessSelector> process = {}) {
    ServiceUse out;
    out.port.protocol = protocol;
    out.port.ports = {{number, number}};
    out.process = std::move(process);
    return out;
}

ServiceUse tcp(std::uint16_t number, std::optional<ProcessSelector> process = {}) {
    return port(6, number, std::move(process));
}

model::Rule rule(Action action, std::vector<Selector> from, std::vector<Selector> to,
                 ServiceUse service, RuleScope scope = RuleScope::intra) {
    model::Rule out;
    out.name = "r";
    out.action = action;
    out.scope = scope;
    out.from = std::move(from);
    out.to = std::move(to);
    out.services = {std::move(service)};
    return out;
}

model::Rule allow(std::vector<Selector> from, std::vector<Selector> to, ServiceUse service,
                  RuleScope scope = RuleScope::intra) {
    return rule(Action::allow, std::move(from), std::move(to), std::move(service), scope);
}

Policy& with(Policy& policy, model::Rule rule, std::vector<model::Scope> scopes = {}) {
    model::RuleSet set;
    set.name = fmt::format("s{}", policy.rule_sets.size() + 1);
    set.scopes = std::move(scopes);
    set.rules = {std::move(rule)};
    policy.rule_sets.push_back(std::move(set));
    return policy;
}

// web-1, web-2 (no agent), app-1, app-2, all of one application, and a list.
Policy shop() {
    Policy out;
    const auto labels = [](const char* role, const char* env) {
        return Labels{{"role", role}, {"app", "shop"}, {"env", env}};
    };
    out.workloads = {workload("web-1", labels("web", "prod"), {"10.0.0.1"}),
                     unmanaged(workload("web-2", labels("web", "prod"), {"10.0.0.2"})),
                     workload("app-1", labels("app", "prod"), {"10.0.1.1"}),
                     workload("app-2", labels("app", "dev"), {"10.0.1.2"})};
    model::AddressList office;
    office.name = "office";
    office.ranges = {{Address::parse("10.0.0.0").value(), Address::parse("10.0.255.255").value()}};
    office.exclude = {{Address::parse("10.0.9.0").value(), Address::parse("10.0.9.255").value()}};
    out.lists = {office};
    return out;
}

// ---- reading snapshots -------------------------------------------------------------------------

v1::Snapshot snap(const Policy& policy, const char* host) {
    auto out = snapshot(policy, host, 1);
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    return out ? *out : v1::Snapshot{};
}

// Names of workloads whose addresses an identity has, for reading peers.
std::string owners(const v1::Snapshot& snapshot, std::uint32_t identity) {
    std::set<std::string> out;
    for (const auto& owner : snapshot.inventory().addresses())
        if (std::ranges::count(owner.identities(), identity))
            out.insert(owner.workloads().begin(), owner.workloads().end());
    return fmt::format("{}", fmt::join(out, "+"));
}

// "allow out web-1,list office tcp 80 as unit named.service"
std::string line(const v1::Snapshot& snapshot, const v1::Rule& rule) {
    std::vector<std::string> peers;
    if (rule.peers().any())
        peers.push_back("any");
    if (rule.peers().all_workloads())
        peers.push_back("all");
    for (const auto identity : rule.peers().identities())
        peers.push_back(owners(snapshot, identity));
    for (const auto& name : rule.peers().lists())
        peers.push_back("list " + name);
    std::ranges::sort(peers);
    std::string out =
        fmt::format("{} {} {}",
                    rule.action() == v1::ALLOW  ? "allow"
                    : rule.action() == v1::DENY ? "deny"
                                                : "override-deny",
                    rule.direction() == v1::OUTBOUND ? "out" : "in", fmt::join(peers, ","));
    for (const auto& service : rule.services()) {
        out += service.any_protocol() ? " any" : service.protocol() == 6 ? " tcp" : " udp";
        for (const auto& range : service.ports())
            out += fmt::format(" {}", range.first());
        if (service.has_process())
            out += " as " + service.process().unit() + service.process().path();
    }
    return out;
}

using Lines = std::vector<std::string>;

Lines lines(const v1::Snapshot& snapshot, int subject = 0) {
    Lines out;
    for (const auto& rule : snapshot.policy().subjects(subject).rules())
        out.push_back(line(snapshot, rule));
    return out;
}

Lines lines(const Policy& policy, const char* host) {
    return lines(snap(policy, host));
}

std::string refusal(const Policy& policy, const char* host = "web-1") {
    const auto out = snapshot(policy, host, 1);
    return out ? "" : out.error().message;
}

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
    return std::ranges::all_of(words,
                               [&](const char* w) { return text.find(w) != std::string::npos; });
}

// ---- both ends ---------------------------------------------------------------------------------

TEST(Compute, ARuleIsProgrammedAtBothEnds) {
    Policy policy = shop();
    with(policy, allow({role("web")}, {having({{"role", {"app"}}, {"env", {"prod"}}})}, tcp(80)));
    EXPECT_EQ(lines(policy, "web-1"), Lines{"allow out app-1 tcp 80"});
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in web-1,web-2 tcp 80"});
    EXPECT_EQ(lines(policy, "app-2"), Lines{});
}

TEST(Compute, ARuleEndsAtBothEndsAtItsTime) {
    Policy policy = shop();
    model::Rule ends = allow({role("web")}, {named("app-1")}, tcp(80));
    ends.expires_ns = 1'796'126'400'000'000'000;
    with(policy, ends);
    for (const char* host : {"web-1", "app-1"})
        EXPECT_EQ(snap(policy, host).policy().subjects(0).rules(0).ends_ns(), *ends.expires_ns);
    policy.rule_sets[0].rules[0].expires_ns.reset();
    EXPECT_EQ(snap(policy, "app-1").policy().subjects(0).rules(0).ends_ns(), 0);
}

TEST(Compute, AnEndWithoutAgentIsNotProgrammedButStaysAPeer) {
    Policy policy = shop();
    with(policy, allow({list("office"), named("web-2")}, {named("app-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in list office,web-2 tcp 80"});
    EXPECT_EQ(lines(policy, "web-1"), Lines{}); // lies inside the list, which has no agent
}

TEST(Compute, DenyAndOverrideDenyAreProgrammedAtBothEndsToo) {
    for (const auto& [action, word] :
         {std::pair(Action::deny, "deny"), std::pair(Action::override_deny, "override-deny")}) {
        Policy policy = shop();
        with(policy, rule(action, {role("web")}, {named("app-1")}, tcp(80)));
        EXPECT_EQ(lines(policy, "web-1"), Lines{fmt::format("{} out app-1 tcp 80", word)});
        EXPECT_EQ(lines(policy, "app-1"), Lines{fmt::format("{} in web-1,web-2 tcp 80", word)});
    }
}

TEST(Compute, AWorkloadAtBothEndsHasTheRuleTwice) {
    Policy policy = shop();
    with(policy, allow({named("app-1")}, {named("app-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "app-1"), (Lines{"allow out app-1 tcp 80", "allow in app-1 tcp 80"}));
}

TEST(Compute, AnySelectsEveryWorkloadAtItsOwnEnd) {
    Policy policy = shop();
    with(policy, rule(Action::override_deny, {any()}, {any()}, tcp(23)));
    EXPECT_EQ(lines(policy, "app-2"),
              (Lines{"override-deny out any tcp 23", "override-deny in any tcp 23"}));
}

// ---- processes ---------------------------------------------------------------------------------

TEST(Compute, TheServiceProcessIsJudgedAtTheDestinationOnly) {
    Policy policy = shop();
    with(policy, allow({named("web-1")}, {named("app-1")}, tcp(80, unit("tomcat.service"))));
    EXPECT_EQ(lines(policy, "web-1"), Lines{"allow out app-1 tcp 80"});
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in web-1 tcp 80 as tomcat.service"});
}

TEST(Compute, TheSourceProcessIsJudgedAtTheSourceOnly) {
    Policy policy = shop();
    Selector curl = named("web-1");
    curl.process = unit("curl.service");
    with(policy, allow({curl}, {named("app-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "web-1"), Lines{"allow out app-1 tcp 80 as curl.service"});
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in web-1 tcp 80"});
}

TEST(Compute, ARemoteSelectorCountsAsFalseInADeny) {
    for (const Action action : {Action::deny, Action::override_deny}) {
        Policy policy = shop();
        with(policy, rule(action, {named("web-1")}, {named("app-1")}, tcp(80, unit("x.service"))));
        EXPECT_EQ(lines(policy, "web-1"), Lines{});
        EXPECT_EQ(lines(policy, "app-1").size(), 1u);
    }
}

TEST(Compute, AnAllowIsNotProgrammedTowardsAnEndThatCannotJudge) {
    Policy policy = shop();
    Selector curl = role("web");
    curl.process = unit("curl.service");
    with(policy, allow({curl}, {named("app-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in web-1 tcp 80"}); // not from web-2

    Policy outbound = shop();
    outbound.workloads[1].labels["role"] = "app"; // web-2, without agent, plays an app
    with(outbound, allow({named("web-1")}, {role("app"), list("office"), any()},
                         tcp(80, unit("tomcat.service"))));
    EXPECT_EQ(lines(outbound, "web-1")[0], "allow out app-1,app-2,web-1 tcp 80");
}

TEST(Compute, ServicesWithAndWithoutProcessKeepTheirOwnPeers) {
    Policy policy = shop();
    auto both = allow({named("app-1")}, {role("web")}, tcp(80, unit("nginx.service")));
    both.services.push_back(tcp(22));
    with(policy, both);
    auto found = lines(policy, "app-1");
    std::ranges::sort(found);
    EXPECT_EQ(found, (Lines{"allow out web-1 tcp 80", "allow out web-1,web-2 tcp 22"}));
}

TEST(Compute, AnAllowThatNobodyCanJudgeIsRefused) {
    Policy policy = shop();
    with(policy, allow({named("web-1")}, {list("office"), named("web-2")},
                       tcp(80, unit("tomcat.service"))));
    EXPECT_TRUE(mentions(refusal(policy), {"s1/r", "destination", "without an agent"}));

    Policy source = shop();
    Selector curl = named("web-2");
    curl.process = unit("curl.service");
    with(source, allow({curl}, {named("app-1")}, tcp(80)));
    EXPECT_TRUE(mentions(refusal(source), {"s1/r", "source", "without an agent"}));
}

TEST(Compute, AProcessOfWorkloadsThatDoNotExistYetIsFine) {
    Policy policy = shop();
    with(policy, allow({named("web-1")}, {role("future")}, tcp(80, unit("tomcat.service"))));
    EXPECT_EQ(lines(policy, "web-1"), Lines{});
}

// ---- selectors ---------------------------------------------------------------------------------

TEST(Compute, KeysAreAndValuesAreOrSelectorsAreOr) {
    Policy policy = shop();
    with(policy, allow({having({{"role", {"web", "app"}}, {"env", {"prod"}}}), named("app-2")},
                       {named("web-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "web-1"),
              (Lines{"allow out web-1 tcp 80", "allow in app-1,app-2,web-1,web-2 tcp 80"}));
}

TEST(Compute, AMissingKeyNeverMatchesAndNotMatchesIt) {
    Policy policy = shop();
    policy.workloads.push_back(workload("bare", {}, {"10.0.5.5"}));
    Selector not_web;
    LabelSelector web;
    web.labels = {{"role", {"web"}}};
    not_web.labels.none_of = {web};
    with(policy, allow({not_web}, {named("web-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "web-1"), Lines{"allow in app-1,app-2,bare tcp 80"});
}

TEST(Compute, ALabelGroupStandsForItsMembers) {
    Policy policy = shop();
    model::LabelGroup group;
    group.name = "front";
    group.members.resize(1);
    group.members[0].labels = {{"role", {"web"}}};
    policy.groups = {group};
    Selector front;
    front.labels.groups = {"front"};
    with(policy, allow({front}, {named("app-1")}, tcp(80)));
    EXPECT_EQ(lines(policy, "app-1"), Lines{"allow in web-1,web-2 tcp 80"});
}

TEST(Compute, AllWorkloadsHasNoUnknownAddressesAnyHas) {
    Policy policy = shop();
    with(with(policy, allow({all()}, {named("app-1")}, tcp(80))),
         allow({any()}, {named("app-1")}, tcp(81)));
    const auto found = lines(policy, "app-1");
    EXPECT_TRUE(std::ranges::count(found, "allow in all tcp 80"));
    EXPECT_TRUE(std::ranges::count(found, "allow in any tcp 81"));
}

TEST(Compute, ANamedWorkloadHasAnIdentityOfItsOwn) {
    Policy policy = shop();
    policy.workloads.push_back(workload("web-3", policy.workloads[0].labels, {"10.0.0.3"}));
    EXPECT_EQ(snap(policy, "web-1").inventory().identities().size(), 4); // web-1 and web-3 share
    with(policy, allow({named("web-3")}, {named("app-1")}, tcp(80)));
    const auto out = snap(policy, "app-1");
    EXPECT_EQ(lines(out), Lines{"allow in web-3 tcp 80"});
    EXPECT_EQ(std::ranges::count(out.inventory().identities(), "web-3", &v1::Identity::workload),
              1);
}

TEST(Compute, ARuleByLabelsStillFindsANamedWorkload) {
    Policy policy = shop();
    with(with(policy, allow({role("web")}, {named("app-1")}, tcp(80))),
         allow({named("web-1")}, {named("app-1")}, tcp(81)));
    EXPECT_EQ(lines(policy, "app-1"),
              (Lines{"allow in web-1,web-2 tcp 80", "allow in web-1 tcp 81"}));
}

TEST(Compute, IdentitiesAreSplitByManaged) {
    const auto out = snap(shop(), "web-1");
    EXPECT_EQ(out.inventory().identities().size(), 4); // web-1 and web-2 differ in the agent only
}

// ---- scopes ------------------------------------------------------------------------------------

TEST(Compute, AnIntraScopeRuleNarrowsBothEndsToTheSameInstance) {
    Policy policy = shop();
    with(policy, allow({role("app")}, {role("app")}, tcp(80)),
         {{{"env", "prod"}}, {{"env", "dev"}}});
    EXPECT_EQ(lines(policy, "app-1"), (Lines{"allow out app-1 tcp 80", "allow in app-1 tcp 80"}));
    EXPECT_EQ(lines(policy, "app-2"), (Lines{"allow out app-2 tcp 80", "allow in app-2 tcp 80"}));
}

TEST(Compute, AnExtraScopeRuleNarrowsTheDestinationOnly) {
    Policy policy = shop();
    with(policy, allow({role("app")}, {role("app")}, tcp(80), RuleScope::extra),
         {{{"env", "prod"}}});
    EXPECT_EQ(lines(policy, "app-1"),
              (Lines{"allow out app-1 tcp 80", "allow in app-1,app-2 tcp 80"}));
    EXPECT_EQ(lines(policy, "app-2"), Lines{"allow out app-1 tcp 80"});
}

TEST(Compute, ListsAnyAndNamedWorkloadsAreNotNarrowedAllIs) {
    Policy policy = shop();
    with(
        policy,
        allow({all(), list("office"), named("app-2")}, {named("app-1")}, tcp(80), RuleScope::extra),
        {{{"env", "prod"}}});
    EXPECT_EQ(lines(policy, "app-1"),
              (Lines{"allow out app-1 tcp 80", "allow in all,list office tcp 80"}));
    policy.rule_sets[0].rules[0].scope = RuleScope::intra;
    policy.rule_sets[0].rules[0].from = {all(), list("office")};
    EXPECT_EQ(lines(policy, "app-1"),
              (Lines{"allow out app-1 tcp 80", "allow in app-1,list office,web-1,web-2 tcp 80"}));
}

TEST(Compute, ANamedWorkloadOutsideTheScopeOfANarrowedEndIsRefused) {
    Policy policy = shop();
    with(policy, allow({role("web")}, {named("app-2")}, tcp(80)), {{{"env", "prod"}}});
    EXPECT_TRUE(mentions(refusal(policy), {"app-2", "scope"}));
}

// ---- addresses and subjects --------------------------------------------------------------------

TEST(Compute, AnAddressClaimedByTwoCarriesBothIdentities) {
    Policy policy = shop();
    policy.workloads[2].addresses = policy.workloads[0].addresses;
    const auto out = snap(policy, "web-1");
    const auto& shared = out.inventory().addresses(0);
    EXPECT_EQ(shared.identities().size(), 2);
    EXPECT_EQ(shared.workloads().size(), 2);
}

TEST(Compute, AHostLocalAddressIsAPeerOnItsOwnHostOnly) {
    Policy policy = shop();
    Workload box = workload("box", {{"role", "box"}}, {"172.17.0.2"});
    box.cgroup = "/machine.slice/box";
    box.host = "app-1";
    box.realm = model::Realm::host;
    policy.workloads.push_back(box);
    const auto here = snap(policy, "app-1");
    EXPECT_EQ(here.inventory().addresses().size(), 5);
    EXPECT_EQ(here.inventory().addresses(4).host(), "app-1");
    EXPECT_EQ(snap(policy, "web-1").inventory().addresses().size(), 4);
}

TEST(Compute, SubjectsAreTheHostFirstThenItsCgroupsByName) {
    Policy policy = shop();
    for (const char* name : {"zoo", "box"}) {
        Workload inner = workload(name, {{"role", name}}, {});
        inner.cgroup = std::string("/") + name;
        inner.host = "app-1";
        policy.workloads.push_back(inner);
    }
    const auto out = snap(policy, "app-1");
    ASSERT_EQ(out.policy().subjects().size(), 3);
    EXPECT_EQ(out.policy().subjects(0).workload(), "app-1");
    EXPECT_EQ(out.policy().subjects(1).cgroup(), "/box");
    EXPECT_EQ(out.policy().subjects(2).workload(), "zoo");
    EXPECT_EQ(snap(policy, "web-1").policy().subjects().size(), 1);
}

TEST(Compute, APeerWithoutAddressesOfItsOwnIsRefused) {
    Policy policy = shop();
    Workload inner = workload("box", {{"role", "box"}}, {});
    inner.cgroup = "/box";
    inner.host = "app-1";
    policy.workloads.push_back(inner);
    with(policy, allow({named("box")}, {named("web-1")}, tcp(80)));
    EXPECT_TRUE(mentions(refusal(policy), {"box", "no address of its own", "app-1"}));
}

TEST(Compute, OnlyAHostCanHaveAnAgent) {
    Policy policy = shop();
    EXPECT_TRUE(mentions(refusal(policy, "nobody"), {"nobody"}));
    EXPECT_TRUE(mentions(refusal(policy, "web-2"), {"web-2", "unmanaged"}));
}

TEST(Compute, ListsAreSplitIntoPrefixesWithTheirExclusions) {
    Policy policy = shop();
    with(policy, allow({list("office")}, {named("app-1")}, tcp(80)));
    const auto out = snap(policy, "app-1");
    ASSERT_EQ(out.policy().lists().size(), 1);
    EXPECT_EQ(out.policy().lists(0).prefixes(0), "10.0.0.0/16");
    EXPECT_EQ(out.policy().lists(0).exclude(0), "10.0.9.0/24");
    EXPECT_EQ(snap(policy, "web-1").policy().lists().size(), 0); // no rule of it names one
}

TEST(Compute, TheOrderOfThePolicyFileDoesNotMatter) {
    Policy policy = shop();
    with(with(policy, allow({role("web")}, {role("app")}, tcp(80))),
         rule(Action::deny, {all()}, {role("app")}, tcp(81)));
    Policy turned = policy;
    std::ranges::reverse(turned.workloads);
    std::ranges::reverse(turned.rule_sets);
    EXPECT_EQ(snap(policy, "app-1").DebugString(), snap(turned, "app-1").DebugString());
}

// ---- the worked example ------------------------------------------------------------------------

struct Payments {
    Policy policy;

    Payments() {
        add("web-uk", "Web Server", "Payments", "UK", {"10.0.0.1", "10.0.0.2"});
        add("app-uk", "App Server", "Payments", "UK", {"10.0.1.5", "10.0.1.6", "10.0.1.7"});
        add("dns-uk", "DNS Responder", "DNS Infrastructure", "UK", {"192.168.0.1"});
        add("web-de", "Web Server", "Payments", "Germany", {"10.1.0.1", "10.1.0.2"});
        add("db-de", "Database Server", "Payments", "Germany", {"10.1.2.1", "10.1.2.2"});
        with(policy,
             allow({role("Web Server")}, {role("App Server")}, tcp(8080, unit("tomcat10.service"))),
             {{{"app", "Payments"}, {"env", "Production"}, {"loc", "UK"}}});
        ProcessSelector bind;
        bind.path = "/usr/sbin/named";
        with(policy,
             allow({having({{"role", {"Web Server", "App Server"}},
                            {"app", {"Payments"}},
                            {"env", {"Production"}},
                            {"loc", {"UK"}}})},
                   {role("DNS Responder")}, port(17, 53, bind), RuleScope::extra),
             {{{"app", "DNS Infrastructure"}, {"env", "Production"}, {"loc", "UK"}}});
    }

    void add(const char* name, const char* role, const char* app, const char* loc,
             std::vector<const char*> addresses) {
        policy.workloads.push_back(workload(
            name, {{"role", role}, {"app", app}, {"env", "Production"}, {"loc", loc}}, addresses));
    }
};

TEST(WorkedExample, WhatEachHostIsTold) {
    const Payments example;
    EXPECT_EQ(lines(example.policy, "web-uk"),
              (Lines{"allow out app-uk tcp 8080", "allow out dns-uk udp 53"}));
    EXPECT_EQ(lines(example.policy, "app-uk"),
              (Lines{"allow in web-uk tcp 8080 as tomcat10.service", "allow out dns-uk udp 53"}));
    EXPECT_EQ(lines(example.policy, "dns-uk"),
              Lines{"allow in app-uk,web-uk udp 53 as /usr/sbin/named"});
}

TEST(WorkedExample, GermanyHasNoRuleAtAll) {
    const Payments example;
    EXPECT_EQ(lines(example.policy, "web-de"), Lines{});
    EXPECT_EQ(lines(example.policy, "db-de"), Lines{});
}

TEST(WorkedExample, ANewAppServerNeedsNoNewRule) {
    Payments example;
    example.add("app-uk-8", "App Server", "Payments", "UK", {"10.0.1.8"});
    EXPECT_EQ(lines(example.policy, "web-uk"),
              (Lines{"allow out app-uk+app-uk-8 tcp 8080", "allow out dns-uk udp 53"}));
}

TEST(WorkedExample, ARetiredResponderVanishesAtBothEnds) {
    Payments example;
    std::erase_if(example.policy.workloads, [](const Workload& w) { return w.name == "dns-uk"; });
    EXPECT_EQ(lines(example.policy, "web-uk"), Lines{"allow out app-uk tcp 8080"});
}

TEST(WorkedExample, ModesArePerWorkload) {
    Payments example;
    example.policy.workloads[0].mode = model::Mode::visibility;
    EXPECT_EQ(snap(example.policy, "web-uk").policy().subjects(0).mode(), v1::VISIBILITY);
    EXPECT_EQ(snap(example.policy, "app-uk").policy().subjects(0).mode(), v1::FULL);
}

} // namespace
} // namespace ringwall::compute
