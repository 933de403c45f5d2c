// What a good policy becomes.
#include "control/policy/load.h"

#include <gtest/gtest.h>

#include "control/model/select.h"
#include "tests/unit/policy_cases.h"

namespace {

using namespace ringwall::model;
using ringwall::Address;
using ringwall::policy::line;
using ringwall::policy::load;
using ringwall::policy::load_text;
using Form = Selector::Form;

Policy loaded(const std::filesystem::path& path) {
    auto policy = load(path);
    if (!policy)
        for (const auto& problem : policy.error())
            ADD_FAILURE() << ringwall::policy::line(problem);
    return policy ? std::move(*policy) : Policy{};
}

Policy everything() {
    return loaded(std::string(RINGWALL_POLICY_FIXTURES) + "/good/everything.yaml");
}

const Rule& rule(const Policy& policy, std::size_t set, std::size_t index) {
    return policy.rule_sets.at(set).rules.at(index);
}

TEST(Policy, KeepsWorkloadsAsWritten) {
    const auto policy = everything();
    const auto* web = policy.workload("web-1");
    ASSERT_TRUE(web);
    EXPECT_EQ(web->labels.at("role"), "Web Server");
    EXPECT_EQ(web->labels.at("pci.example/zone"), "1");
    EXPECT_EQ(web->addresses,
              (std::vector{*Address::parse("10.0.0.1"), *Address::parse("2001:db8::1")}));
    EXPECT_EQ(web->mode, Mode::selective);
    EXPECT_EQ(web->realm, Realm::routable);
    EXPECT_EQ(web->place.line, 4);
    EXPECT_EQ(web->place.column, 18);
}

TEST(Policy, LetsModeAndManagedBeLeftOut) {
    const auto policy = everything();
    EXPECT_EQ(policy.workload("app-1")->mode, Mode::visibility);
    EXPECT_TRUE(policy.workload("app-1")->managed);
    EXPECT_FALSE(policy.workload("printer")->managed);
}

TEST(Policy, KnowsTheCgroupsOfAHost) {
    const auto policy = everything();
    const auto* cache = policy.workload("cache");
    EXPECT_EQ(cache->cgroup, "/machine.slice/cache.scope");
    EXPECT_EQ(cache->host, "app-1");
    EXPECT_EQ(cache->realm, Realm::host);
    EXPECT_EQ(cache->mode, Mode::idle);
    EXPECT_TRUE(policy.workload("sidecar")->addresses.empty());
}

TEST(Policy, ReadsServices) {
    const auto policy = everything();
    const auto* ping = policy.service("ping");
    ASSERT_TRUE(ping);
    ASSERT_EQ(ping->ports.size(), 6u);
    EXPECT_EQ(ping->ports[0].protocol, 1);
    EXPECT_EQ(ping->ports[0].icmp, (std::vector<IcmpType>{{8, -1}, {3, 1}, {3, 4}}));
    EXPECT_EQ(ping->ports[2].protocol, 47);
    EXPECT_EQ(ping->ports[3].ports, (std::vector<PortRange>{{22, 22}}));
    EXPECT_EQ(ping->ports[4].ports, (std::vector<PortRange>{{3868, 3868}, {9900, 9910}}));
    EXPECT_EQ(ping->ports[5].protocol, 136);
    EXPECT_TRUE(ping->ports[5].ports.empty());
    EXPECT_EQ(policy.service("dns")->process->user, "bind");
}

TEST(Policy, ReadsAddressLists) {
    const auto policy = everything();
    const auto* office = policy.list("office");
    ASSERT_TRUE(office);
    const auto has = [&](const char* text) { return contains(*office, *Address::parse(text)); };
    EXPECT_TRUE(has("10.20.0.0"));
    EXPECT_TRUE(has("10.20.255.255"));
    EXPECT_FALSE(has("10.21.0.0"));
    EXPECT_FALSE(has("10.20.99.1"));
    EXPECT_TRUE(has("192.0.2.7"));
    EXPECT_FALSE(has("192.0.2.8"));
    EXPECT_TRUE(has("198.51.100.20"));
    EXPECT_FALSE(has("198.51.100.21"));
    EXPECT_TRUE(has("2001:db8:1:ffff:ffff:ffff:ffff:ffff"));
    EXPECT_FALSE(has("2001:db8:2::"));
}

TEST(Policy, ReadsLabelGroups) {
    const auto policy = everything();
    const auto* pci = policy.group("pci");
    ASSERT_TRUE(pci);
    ASSERT_EQ(pci->members.size(), 2u);
    EXPECT_EQ(pci->members[0].labels.at("app"), (std::set<std::string>{"Payments", "Shop"}));
    EXPECT_EQ(pci->members[1].groups, std::set<std::string>{"audited"});
    EXPECT_EQ(policy.group("audited")->members[0].none_of.at(0).labels.at("role"),
              std::set<std::string>{"Printer"});
}

TEST(Policy, ReadsEverySelectorForm) {
    const auto policy = everything();
    const auto& office = rule(policy, 0, 1);
    EXPECT_EQ(office.action, Action::deny);
    EXPECT_EQ(office.scope, RuleScope::extra);
    ASSERT_EQ(office.from.size(), 3u);
    EXPECT_EQ(office.from[0].form, Form::list);
    EXPECT_EQ(office.from[0].name, "office");
    EXPECT_EQ(office.from[1].form, Form::workload);
    EXPECT_EQ(office.from[1].name, "printer");
    EXPECT_EQ(office.from[2].form, Form::any);
    EXPECT_EQ(office.to[0].form, Form::labels);
    EXPECT_EQ(office.to[0].labels.groups, std::set<std::string>{"pci"});

    const auto& never = rule(policy, 0, 2);
    EXPECT_EQ(never.action, Action::override_deny);
    EXPECT_EQ(never.from[0].form, Form::all);
    EXPECT_EQ(never.from[0].process->container, "debug");
    EXPECT_EQ(never.from[0].process->group, "staff");
    EXPECT_EQ(never.to[0].labels.labels.at("loc"), std::set<std::string>{"UK"});
    EXPECT_EQ(never.to[1].labels.none_of.size(), 2u);
}

TEST(Policy, ReadsServicesOfRules) {
    const auto policy = everything();
    const auto& web = rule(policy, 0, 0);
    EXPECT_EQ(web.from[0].process->unit, "nginx.service");
    ASSERT_EQ(web.services.size(), 2u);
    EXPECT_EQ(web.services[0].port.ports, (std::vector<PortRange>{{8080, 8080}, {8000, 8010}}));
    EXPECT_EQ(web.services[0].process->user, "1000");
    EXPECT_EQ(web.services[1].port.protocol, std::nullopt);
    EXPECT_EQ(rule(policy, 0, 1).services[0].process->path, "[kernel]");
    EXPECT_EQ(rule(policy, 0, 2).services[0].service, "dns");
    EXPECT_EQ(rule(policy, 1, 0).services[1].process->sha256.size(), 64u);
    EXPECT_EQ(rule(policy, 1, 0).scope, RuleScope::intra);
    EXPECT_EQ(policy.rule_sets[0].scopes.size(), 2u);
    EXPECT_TRUE(policy.rule_sets[1].scopes.empty());
}

TEST(Policy, ReadsWhenARuleExpires) {
    const auto policy = everything();
    EXPECT_EQ(rule(policy, 0, 0).expires_ns, std::nullopt);
    EXPECT_EQ(rule(policy, 1, 0).expires_ns, 1'796'128'200'000'000'000); // 12:30 UTC
}

TEST(Policy, IsTheSameAsJson) {
    const auto policy = loaded(std::string(RINGWALL_POLICY_FIXTURES) + "/good/objects.json");
    ASSERT_EQ(policy.workloads.size(), 1u);
    EXPECT_EQ(policy.workloads[0].mode, Mode::full);
    const auto& ssh = rule(policy, 0, 0);
    EXPECT_EQ(ssh.to[0].labels.labels.at("role"),
              (std::set<std::string>{"App Server", "Web Server"}));
    EXPECT_EQ(ssh.services[0].port.ports, (std::vector<PortRange>{{22, 22}, {2200, 2299}}));
}

TEST(Policy, MayBeWrittenWithWindowsLineEndsAndAByteOrderMark) {
    const auto policy = load_text("\xef\xbb\xbf"
                                  "apiVersion: ringwall/v1\r\nkind: Workload\r\n"
                                  "metadata: {name: w}\r\nspec:\r\n  labels: {role: web}\r\n"
                                  "  addresses: [10.0.0.1]\r\n",
                                  "p");
    ASSERT_TRUE(policy) << line(policy.error().front());
    EXPECT_EQ(policy->workloads.at(0).labels.at("role"), "web");
}

TEST(Policy, KeepsQuotedWordsAsText) {
    const auto policy = load_text("apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: '1'}\n"
                                  "spec: {labels: {loc: 'no', tier: \"0777\", café: Zürich}, "
                                  "addresses: [10.0.0.1]}\n",
                                  "p");
    ASSERT_FALSE(policy); // a label key is ASCII, so that every tool can type it
    ASSERT_EQ(policy.error().size(), 1u);
    EXPECT_EQ(policy.error()[0].place.column, 42);
}

TEST(Payments, IsThePolicyOfTheSeeds) {
    const auto policy = loaded(std::string(RINGWALL_POLICY_EXAMPLES) + "/payments");
    ASSERT_EQ(policy.workloads.size(), 10u);
    std::map<std::string, std::string> role_at;
    for (const auto& workload : policy.workloads)
        for (const auto& address : workload.addresses)
            role_at[address.text()] = workload.labels.at("role") + ", " +
                                      workload.labels.at("app") + ", " + workload.labels.at("env") +
                                      ", " + workload.labels.at("loc");
    const std::string end = ", Payments, Production, ";
    const std::map<std::string, std::string> seeds{
        {"10.0.0.1", "Web Server" + end + "UK"},
        {"10.0.0.2", "Web Server" + end + "UK"},
        {"10.0.1.5", "App Server" + end + "UK"},
        {"10.0.1.6", "App Server" + end + "UK"},
        {"10.0.1.7", "App Server" + end + "UK"},
        {"192.168.0.1", "DNS Responder, DNS Infrastructure, Production, UK"},
        {"10.1.0.1", "Web Server" + end + "Germany"},
        {"10.1.0.2", "Web Server" + end + "Germany"},
        {"10.1.2.1", "Database Server" + end + "Germany"},
        {"10.1.2.2", "Database Server" + end + "Germany"}};
    EXPECT_EQ(role_at, seeds);
}

} // namespace
