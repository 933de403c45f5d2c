// What one change means to a fleet, in stories: whom it reaches, and with which half.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "control/compute/fleet.h"

namespace ringwall::compute {
namespace {

using model::Labels;
using model::Policy;
using model::RuleScope;
using model::Selector;
using model::Workload;
using Words = std::vector<std::string>;

// ---- writing ------------------------------------------------------------------------------------

Labels having(const char* role, const char* app = "shop") {
    return {{"role", role}, {"app", app}};
}

Workload workload(std::string name, Labels labels, const char* address) {
    Workload out;
    out.name = std::move(name);
    out.labels = std::move(labels);
    out.addresses = {Address::parse(address).value()};
    return out;
}

Selector role(const char* value) {
    Selector out;
    out.labels.labels = {{"role", {value}}};
    return out;
}

Selector named(Selector::Form form, const char* name) {
    Selector out;
    out.form = form;
    out.name = name;
    return out;
}

model::RuleSet rule_set(std::string name, Selector from, Selector to, std::uint16_t port,
                        std::vector<model::Scope> scopes = {}) {
    model::ServiceUse service;
    service.port.protocol = 6;
    service.port.ports = {{port, port}};
    model::Rule rule;
    rule.name = "r";
    rule.scope = RuleScope::extra;
    rule.from = {std::move(from)};
    rule.to = {std::move(to)};
    rule.services = {service};
    model::RuleSet out;
    out.name = std::move(name);
    out.scopes = std::move(scopes);
    out.rules = {rule};
    return out;
}

// Web asks app, app asks db; everybody of the shop asks the name servers; a blog beside it.
Policy shop() {
    Policy out;
    out.workloads = {workload("web-1", having("web"), "10.0.0.1"),
                     workload("web-2", having("web"), "10.0.0.2"),
                     workload("app-1", having("app"), "10.0.1.1"),
                     workload("app-2", having("app"), "10.0.1.2"),
                     workload("db-1", having("db"), "10.0.2.1"),
                     workload("dns-1", having("dns", "names"), "10.0.3.1"),
                     workload("dns-2", having("dns", "names"), "10.0.3.2"),
                     workload("blog-1", having("blog", "blog"), "10.0.4.1")};
    Selector shop_people;
    shop_people.labels.labels = {{"app", {"shop"}}};
    out.rule_sets = {rule_set("web-to-app", role("web"), role("app"), 8080),
                     rule_set("app-to-db", role("app"), role("db"), 5432),
                     rule_set("names", shop_people, role("dns"), 53)};
    model::AddressList office;
    office.name = "office";
    office.ranges = {
        {Address::parse("172.16.0.0").value(), Address::parse("172.16.0.255").value()}};
    out.lists = {office};
    return out;
}

class FleetStory : public testing::Test {
  protected:
    void SetUp() override {
        good(fleet.put_all(policy.workloads));
        good(fleet.provision(policy, 1));
    }

    Change good(std::expected<Change, Error> result) {
        EXPECT_TRUE(result) << (result ? "" : result.error().message);
        return result ? std::move(*result) : Change{};
    }
    Workload& the(const char* name) {
        return *std::ranges::find(policy.workloads, name, &Workload::name);
    }
    Change put(const Workload& changed) { return good(fleet.put(changed)); }

    // ---- reading --------------------------------------------------------------------------------

    // "web-1 policy+inventory"
    static Words reached(const Change& change) {
        Words out;
        for (const HostChange& host : all(change))
            out.push_back(fmt::format("{} {}", host.host,
                                      host.policy && host.inventory ? "policy+inventory"
                                      : host.policy                 ? "policy"
                                                                    : "inventory"));
        std::ranges::sort(out);
        return out;
    }
    static std::vector<HostChange> all(const Change& change) {
        std::vector<HostChange> out;
        change.each_host([&](const HostChange& host) { out.push_back(host); });
        return out;
    }
    static HostChange to(const Change& change, const char* host) {
        const auto hosts = all(change);
        return *std::ranges::find(hosts, host, &HostChange::host);
    }
    // Workloads whose addresses this host is told of.
    Words known_to(const char* host) {
        std::set<std::string> out;
        const auto inventory = fleet.inventory(host);
        for (const auto& owner : inventory->addresses())
            out.insert(owner.workloads().begin(), owner.workloads().end());
        return {out.begin(), out.end()};
    }
    std::uint32_t identity(const char* host) { return fleet.policy(host)->subjects(0).identity(); }
    std::string everything() {
        std::string out;
        for (const auto& each : policy.workloads)
            if (const auto half = fleet.policy(each.name))
                out += half->DebugString() + fleet.inventory(each.name)->DebugString();
        return out;
    }

    Policy policy = shop();
    Fleet fleet{Inventory::visible};
};

// ---- whom a change reaches ---------------------------------------------------------------------

TEST_F(FleetStory, ALabelChangeReachesTheWorkloadItselfAndThoseWhoseRulesSeeItBeforeOrAfter) {
    the("app-2").labels = having("db");
    const Change change = put(the("app-2"));
    EXPECT_EQ(reached(change),
              (Words{"app-1 inventory", "app-2 policy+inventory", "db-1 inventory",
                     "dns-1 inventory", "dns-2 inventory", "web-1 inventory", "web-2 inventory"}));
    EXPECT_EQ(known_to("web-1"), (Words{"app-1", "dns-1", "dns-2", "web-1", "web-2"}));
}

TEST_F(FleetStory, ANewLabelSetIsANewIdentityInTheRulesThatMeanIt) {
    the("app-2").labels["env"] = "dev";
    const Change change = put(the("app-2"));
    EXPECT_EQ(reached(change),
              (Words{"app-1 inventory", "app-2 policy+inventory", "db-1 policy+inventory",
                     "dns-1 policy+inventory", "dns-2 policy+inventory", "web-1 policy+inventory",
                     "web-2 policy+inventory"}));
    EXPECT_EQ(to(change, "web-1").inventory, (InventoryChange{.gains = true, .loses = false}));
}

TEST_F(FleetStory, AModeChangeTouchesOnlyThePolicyHalfOfItsOwnAgent) {
    the("app-1").mode = model::Mode::full;
    EXPECT_EQ(reached(put(the("app-1"))), Words{"app-1 policy"});
}

TEST_F(FleetStory, AnAddressMovesAtAllWhoSeeItAndNowhereElse) {
    the("db-1").addresses = {Address::parse("10.0.2.9").value()};
    const Change change = put(the("db-1"));
    EXPECT_EQ(reached(change), (Words{"app-1 inventory", "app-2 inventory", "db-1 policy+inventory",
                                      "dns-1 inventory", "dns-2 inventory"}));
    EXPECT_EQ(to(change, "app-1").inventory, (InventoryChange{.gains = false, .loses = false}));
}

TEST_F(FleetStory, ARetiredDnsResponderVanishesAtBothEnds) {
    const Change change = good(fleet.remove("dns-2"));
    EXPECT_EQ(change.gone, Words{"dns-2"});
    EXPECT_EQ(reached(change), (Words{"app-1 inventory", "app-2 inventory", "db-1 inventory",
                                      "dns-1 inventory", "web-1 inventory", "web-2 inventory"}));
    EXPECT_EQ(known_to("db-1"), (Words{"app-1", "app-2", "db-1", "dns-1"}));
    EXPECT_FALSE(fleet.policy("dns-2"));
}

TEST_F(FleetStory, TheLastDnsResponderTakesTheRuleWithIt) {
    good(fleet.remove("dns-2"));
    const Change change = good(fleet.remove("dns-1"));
    EXPECT_EQ(change.rested.size(), 1U);
    EXPECT_EQ(reached(change),
              (Words{"app-1 policy+inventory", "app-2 policy+inventory", "db-1 policy+inventory",
                     "web-1 policy+inventory", "web-2 policy+inventory"}));
    const v1::Policy db = fleet.policy("db-1").value();
    for (const auto& rule : db.subjects(0).rules())
        EXPECT_NE(rule.id(), "names/r");
}

TEST_F(FleetStory, ANewAppServerWorksWithNoRuleEdited) {
    const Change change = put(workload("app-3", having("app"), "10.0.1.3"));
    EXPECT_EQ(change.joined, Words{"app-3"});
    EXPECT_EQ(fleet.policy("app-3")->subjects(0).rules_size(),
              fleet.policy("app-1")->subjects(0).rules_size());
    EXPECT_EQ(reached(change),
              (Words{"app-1 inventory", "app-2 inventory", "db-1 inventory", "dns-1 inventory",
                     "dns-2 inventory", "web-1 inventory", "web-2 inventory"}));
}

TEST_F(FleetStory, AnotherClaimOnASeenAddressIsToldThoughNoRuleNamesWhoMakesIt) {
    the("blog-1").addresses = the("db-1").addresses;
    put(the("blog-1"));
    EXPECT_EQ(known_to("app-1"),
              (Words{"app-1", "app-2", "blog-1", "db-1", "dns-1", "dns-2", "web-1", "web-2"}));
    the("blog-1").addresses = {Address::parse("10.0.4.2").value()};
    put(the("blog-1"));
    EXPECT_EQ(known_to("app-1"),
              (Words{"app-1", "app-2", "db-1", "dns-1", "dns-2", "web-1", "web-2"}));
}

TEST_F(FleetStory, WhoSharesAnAddressIsForgottenWhereNoOtherSharedAddressShowsThem) {
    Workload blog = the("blog-1");
    for (const char* shared : {"10.0.3.1", "10.0.2.1"}) // with dns-1, and with db-1
        blog.addresses.push_back(Address::parse(shared).value());
    put(blog);
    Workload dns = the("dns-1");
    dns.addresses = {Address::parse("10.0.3.9").value()};
    const Change change = put(dns);
    EXPECT_EQ(to(change, "web-1").inventory, (InventoryChange{.gains = false, .loses = true}));
    EXPECT_EQ(to(change, "app-1").inventory, (InventoryChange{.gains = false, .loses = false}))
        << "beside db-1";
}

TEST_F(FleetStory, AContainerComesWithItsOwnSubjectOnItsHost) {
    Workload shop = workload("app-1-c", having("db"), "10.0.9.1");
    shop.cgroup = "/machine.slice/c";
    shop.host = "app-1";
    const Change change = put(shop);
    EXPECT_TRUE(to(change, "app-1").policy);
    EXPECT_TRUE(change.joined.empty());
    EXPECT_EQ(fleet.policy("app-1")->subjects(1).workload(), "app-1-c");
    const Change removed = good(fleet.remove("app-1-c"));
    EXPECT_TRUE(to(removed, "app-1").policy);
    EXPECT_EQ(fleet.policy("app-1")->subjects_size(), 1);
}

TEST_F(FleetStory, WithTheWholeInventoryEveryAgentIsToldOfEveryAddress) {
    Fleet whole(Inventory::all);
    good(whole.put_all(policy.workloads));
    good(whole.provision(policy, 1));
    the("blog-1").addresses = {Address::parse("10.0.4.2").value()};
    EXPECT_EQ(all(good(whole.put(the("blog-1")))).size(), policy.workloads.size());
}

// ---- provisioning ------------------------------------------------------------------------------

TEST_F(FleetStory, AProvisionThatSaysTheSameConcernsNobody) {
    std::ranges::reverse(policy.rule_sets);
    const Change change = good(fleet.provision(policy, 2));
    EXPECT_EQ(change.version, 2U);
    EXPECT_EQ(reached(change), Words{});
}

TEST_F(FleetStory, AnEditedRuleSetConcernsTheTwoEndsOfItsRules) {
    policy.rule_sets[1].rules[0].services[0].port.ports = {{5433, 5433}};
    EXPECT_EQ(reached(good(fleet.provision(policy, 2))),
              (Words{"app-1 policy", "app-2 policy", "db-1 policy"}));
}

TEST_F(FleetStory, ARuleThatOnlyEndsLaterIsAnotherRule) {
    const auto ends = [&](std::int64_t time, std::uint64_t version) {
        policy.rule_sets[1].rules[0].expires_ns = time;
        return reached(good(fleet.provision(policy, version)));
    };
    const Words both{"app-1 policy", "app-2 policy", "db-1 policy"};
    EXPECT_EQ(ends(1'796'126'400'000'000'000, 2), both);
    EXPECT_EQ(ends(1'796'126'400'000'000'000, 3), Words{});
    EXPECT_EQ(ends(1'796'130'000'000'000'000, 4), both);
    const v1::Policy db = fleet.policy("db-1").value();
    for (const auto& rule : db.subjects(0).rules())
        EXPECT_EQ(rule.ends_ns(), rule.id() == "app-to-db/r" ? 1'796'130'000'000'000'000 : 0);
}

TEST_F(FleetStory, AnEditedListConcernsThoseWhoseRulesNameIt) {
    policy.rule_sets.push_back(
        rule_set("office-to-web", named(Selector::Form::list, "office"), role("web"), 443));
    EXPECT_EQ(reached(good(fleet.provision(policy, 2))), (Words{"web-1 policy", "web-2 policy"}));
    policy.lists[0].ranges[0].last = Address::parse("172.16.1.255").value();
    EXPECT_EQ(reached(good(fleet.provision(policy, 3))), (Words{"web-1 policy", "web-2 policy"}));
}

TEST_F(FleetStory, AnEditedGroupIsARuleChangeAlsoThroughAnotherGroup) {
    Selector pci;
    pci.labels.groups = {"outer"};
    model::LabelGroup inner{.name = "inner", .members = {role("db").labels}, .place = {}};
    model::LabelGroup outer{.name = "outer", .members = {{.groups = {"inner"}}}, .place = {}};
    policy.groups = {inner, outer};
    policy.rule_sets.push_back(rule_set("scan", role("blog"), pci, 22));
    good(fleet.provision(policy, 2));
    EXPECT_EQ(known_to("blog-1"), (Words{"blog-1", "db-1"}));
    policy.groups[0].members = {role("app").labels};
    good(fleet.provision(policy, 3));
    EXPECT_EQ(known_to("blog-1"), (Words{"app-1", "app-2", "blog-1"}));
}

TEST_F(FleetStory, AWorkloadThatARuleNamesGetsAnIdentityOfItsOwn) {
    ASSERT_EQ(identity("web-1"), identity("web-2"));
    policy.rule_sets.push_back(
        rule_set("backup", named(Selector::Form::workload, "web-2"), role("db"), 22));
    good(fleet.provision(policy, 2));
    EXPECT_NE(identity("web-1"), identity("web-2"));
    policy.rule_sets.pop_back();
    good(fleet.provision(policy, 3));
    EXPECT_EQ(identity("web-1"), identity("web-2"));
}

// As if a rule here named it: the same numbers as where one does, and whoever sees it is reached.
TEST_F(FleetStory, AWorkloadThatIsNamedElsewhereStandsAloneAsWell) {
    const auto before = everything();
    const auto change = fleet.name_also({"web-2", "nobody"});
    EXPECT_NE(identity("web-1"), identity("web-2"));
    EXPECT_EQ(reached(change),
              (Words{"app-1 policy+inventory", "app-2 policy+inventory", "dns-1 policy+inventory",
                     "dns-2 policy+inventory", "web-1 inventory", "web-2 policy+inventory"}));
    EXPECT_EQ(fleet.version(), 1U);
    EXPECT_TRUE(fleet.named().empty()) << "no rule of its own names it";
    EXPECT_TRUE(fleet.name_also({"nobody", "web-2"}).hosts.empty()) << "the same again";

    // A label change keeps it alone; so does a rule that comes to name it.
    the("web-2").labels = having("web", "blog");
    put(the("web-2"));
    the("web-2").labels = having("web");
    put(the("web-2"));
    EXPECT_NE(identity("web-1"), identity("web-2"));
    policy.rule_sets.push_back(
        rule_set("backup", named(Selector::Form::workload, "web-2"), role("db"), 22));
    EXPECT_EQ(reached(good(fleet.provision(policy, 2))),
              (Words{"db-1 policy+inventory", "web-2 policy+inventory"}));
    EXPECT_EQ(fleet.named(), (std::set<std::string>{"web-2"}));
    EXPECT_TRUE(fleet.name_also({}).hosts.empty()) << "its own rule names it";
    policy.rule_sets.pop_back();
    good(fleet.provision(policy, 1));
    EXPECT_EQ(identity("web-1"), identity("web-2"));
    EXPECT_EQ(everything().size(), before.size());
}

TEST_F(FleetStory, AWorkloadThatIsNamedElsewhereMayGo) {
    fleet.name_also({"web-2"});
    good(fleet.remove("web-2"));
    EXPECT_EQ(fleet.policy("web-2").error().code, Errc::unknown_workload);
}

// ---- numbers -----------------------------------------------------------------------------------

TEST_F(FleetStory, ANumberIsNotGivenToOthersBeforeItIsReleased) {
    const std::uint32_t db = identity("db-1");
    const Change change = good(fleet.remove("db-1"));
    EXPECT_EQ(change.rested, std::vector{db});
    fleet.release(change.revision - 1); // some agent may still know it
    put(workload("mail-1", having("mail"), "10.0.5.1"));
    EXPECT_NE(identity("mail-1"), db);
    fleet.release(change.revision);
    put(workload("print-1", having("print"), "10.0.5.2"));
    EXPECT_EQ(identity("print-1"), db);
}

TEST_F(FleetStory, ARestingNumberReturnsToLifeWithItsLabels) {
    const std::uint32_t db = identity("db-1");
    const Change gone = good(fleet.remove("db-1"));
    put(workload("db-2", having("db"), "10.0.2.2"));
    EXPECT_EQ(identity("db-2"), db);
    fleet.release(gone.revision);
    put(workload("mail-1", having("mail"), "10.0.5.1"));
    EXPECT_NE(identity("mail-1"), db);
}

// ---- refusals ----------------------------------------------------------------------------------

TEST_F(FleetStory, AWrongProvisionLeavesEverythingAsItWas) {
    const std::string before = everything();
    Policy wrong = policy;
    wrong.rule_sets.push_back(
        rule_set("typo", named(Selector::Form::list, "ofice"), role("web"), 1));
    wrong.rule_sets.erase(wrong.rule_sets.begin());
    const auto refused = fleet.provision(wrong, 2);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("unknown list \"ofice\"; did you mean \"office\"?"),
              std::string::npos)
        << refused.error().message;
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(fleet.version(), 1U);
}

TEST_F(FleetStory, AWorkloadThatARuleNamesCannotGo) {
    policy.rule_sets.push_back(
        rule_set("backup", named(Selector::Form::workload, "web-2"), role("db"), 22));
    good(fleet.provision(policy, 2));
    const std::string before = everything();
    const auto refused = fleet.remove("web-2");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("unknown workload \"web-2\""), std::string::npos);
    EXPECT_EQ(everything(), before);
}

TEST_F(FleetStory, TheLastAgentThatJudgesAProcessCannotGo) {
    policy.rule_sets[1].rules[0].services[0].process = model::ProcessSelector{.unit = "pg.service"};
    good(fleet.provision(policy, 2));
    Workload printer = workload("db-0", having("db"), "10.0.2.8");
    printer.managed = false;
    put(printer);
    const std::string before = everything();
    const auto refused = fleet.remove("db-1");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("nobody can judge it"), std::string::npos);
    EXPECT_EQ(everything(), before);
}

TEST_F(FleetStory, ABulkEditIsAllOrNothing) {
    const std::string before = everything();
    the("web-1").labels = having("app");
    Workload lost = workload("c-1", having("web"), "10.0.9.1");
    lost.cgroup = "/c";
    lost.host = "nowhere";
    EXPECT_FALSE(fleet.put_all({the("web-1"), lost}));
    EXPECT_FALSE(fleet.put_all({the("web-1"), the("web-1")}));
    EXPECT_EQ(everything(), before);
}

TEST_F(FleetStory, OnlyAHostHasASnapshot) {
    Workload printer = workload("printer", having("printer"), "10.0.7.1");
    printer.managed = false;
    put(printer);
    EXPECT_EQ(fleet.policy("printer").error().code, Errc::not_a_host);
    EXPECT_EQ(fleet.inventory("nobody").error().code, Errc::unknown_workload);
    EXPECT_EQ(fleet.remove("nobody").error().code, Errc::unknown_workload);
}

} // namespace
} // namespace ringwall::compute
