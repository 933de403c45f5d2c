#include "control/model/select.h"

#include <gtest/gtest.h>

using namespace ringwall::model;
using ringwall::Address;

namespace {

LabelSelector labels(std::map<std::string, std::set<std::string>> wanted) {
    LabelSelector out;
    out.labels = std::move(wanted);
    return out;
}

Workload workload(const char* name, Labels with) {
    Workload out;
    out.name = name;
    out.labels = std::move(with);
    return out;
}

Selector by_labels(LabelSelector wanted) {
    Selector out;
    out.labels = std::move(wanted);
    return out;
}

Selector form(Selector::Form which, const char* name = "") {
    Selector out;
    out.form = which;
    out.name = name;
    return out;
}

const Labels web_uk{{"role", "web"}, {"loc", "uk"}};

TEST(LabelSelector, AndsKeysAndOrsValues) {
    const Policy none;
    EXPECT_TRUE(matches(labels({{"role", {"web", "app"}}}), web_uk, none));
    EXPECT_TRUE(matches(labels({{"role", {"web"}}, {"loc", {"uk"}}}), web_uk, none));
    EXPECT_FALSE(matches(labels({{"role", {"web"}}, {"loc", {"de"}}}), web_uk, none));
}

TEST(LabelSelector, NeverMatchesAMissingKey) {
    EXPECT_FALSE(matches(labels({{"env", {"prod"}}}), web_uk, {}));
}

TEST(LabelSelector, NotMatchesAWorkloadWithoutTheKey) {
    LabelSelector not_web;
    not_web.none_of = {labels({{"role", {"web"}}})};
    EXPECT_FALSE(matches(not_web, web_uk, {}));
    EXPECT_TRUE(matches(not_web, {{"loc", "uk"}}, {}));
    EXPECT_TRUE(matches(not_web, {}, {}));
}

TEST(LabelSelector, NotOfTwoKeysExcludesOnlyWhatHasBoth) {
    LabelSelector not_web_de;
    not_web_de.none_of = {labels({{"role", {"web"}}, {"loc", {"de"}}})};
    EXPECT_TRUE(matches(not_web_de, web_uk, {}));
    EXPECT_FALSE(matches(not_web_de, {{"role", "web"}, {"loc", "de"}}, {}));
}

TEST(LabelGroups, NestAndCombineWithLabels) {
    Policy policy;
    LabelSelector nested;
    nested.groups = {"inner"};
    policy.groups.push_back(
        {"inner", {labels({{"env", {"prod"}}}), labels({{"env", {"dr"}}})}, {}});
    policy.groups.push_back({"outer", {nested, labels({{"loc", {"uk"}}})}, {}});
    LabelSelector web_of_outer = labels({{"role", {"web"}}});
    web_of_outer.groups = {"outer"};

    EXPECT_TRUE(matches(web_of_outer, web_uk, policy));
    EXPECT_TRUE(matches(web_of_outer, {{"role", "web"}, {"env", "dr"}}, policy));
    EXPECT_FALSE(matches(web_of_outer, {{"role", "web"}, {"env", "test"}}, policy));
    EXPECT_FALSE(matches(web_of_outer, {{"role", "app"}, {"env", "dr"}}, policy));
}

TEST(Scopes, GiveOneInstanceEach) {
    RuleSet set;
    set.scopes = {{{"loc", "uk"}}, {{"loc", "de"}}};
    Rule intra, extra;
    extra.scope = RuleScope::extra;

    const auto both = instances(set, intra);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0].from_scope, &set.scopes[0]);
    EXPECT_EQ(both[0].to_scope, &set.scopes[0]);
    EXPECT_EQ(both[1].from_scope, &set.scopes[1]);

    const auto destination_only = instances(set, extra);
    ASSERT_EQ(destination_only.size(), 2u);
    EXPECT_EQ(destination_only[1].from_scope, nullptr);
    EXPECT_EQ(destination_only[1].to_scope, &set.scopes[1]);
}

TEST(Scopes, MayBeAbsent) {
    const RuleSet set;
    const Rule rule;
    const auto only = instances(set, rule);
    ASSERT_EQ(only.size(), 1u);
    EXPECT_EQ(only[0].from_scope, nullptr);
    EXPECT_EQ(only[0].to_scope, nullptr);
}

TEST(Scopes, NarrowLabelsAndAllButNotListsAnyOrNamedWorkloads) {
    const Policy policy;
    const Scope german{{"loc", "de"}};
    const auto web = workload("web-uk", web_uk);
    const auto role_web = by_labels(labels({{"role", {"web"}}}));
    const auto all = form(Selector::Form::all);

    EXPECT_TRUE(selects(role_web, nullptr, web, policy));
    EXPECT_FALSE(selects(role_web, &german, web, policy));
    EXPECT_TRUE(selects(all, nullptr, web, policy));
    EXPECT_FALSE(selects(all, &german, web, policy));
    EXPECT_TRUE(selects(form(Selector::Form::any), &german, web, policy));
    EXPECT_TRUE(selects(form(Selector::Form::workload, "web-uk"), &german, web, policy));
    EXPECT_FALSE(selects(form(Selector::Form::workload, "web-de"), &german, web, policy));
    EXPECT_FALSE(selects(form(Selector::Form::list, "web-uk"), nullptr, web, policy));
}

TEST(Scopes, HoldOnlyWhatHasEveryKey) {
    EXPECT_TRUE(in_scope({{"role", "web"}, {"loc", "uk"}}, web_uk));
    EXPECT_FALSE(in_scope({{"role", "web"}, {"env", "prod"}}, web_uk));
}

TEST(AddressLists, ExcludeWinsAndFamiliesDoNotMix) {
    AddressList list;
    list.ranges = {{*Address::parse("10.0.0.0"), *Address::parse("10.255.255.255")},
                   {*Address::parse("::"), *Address::parse("ffff::")}};
    list.exclude = {{*Address::parse("10.1.0.5"), *Address::parse("10.1.0.5")}};
    EXPECT_TRUE(contains(list, *Address::parse("10.0.0.0")));
    EXPECT_TRUE(contains(list, *Address::parse("10.255.255.255")));
    EXPECT_FALSE(contains(list, *Address::parse("11.0.0.0")));
    EXPECT_FALSE(contains(list, *Address::parse("10.1.0.5")));
    EXPECT_TRUE(contains(list, *Address::parse("2001:db8::1")));
}

ProcessSelector by_name(const char* name) {
    ProcessSelector out;
    out.name = name;
    return out;
}

TEST(Services, GiveTheirPortsAndProcessByName) {
    Policy policy;
    policy.services.push_back({"dns", {{}, {}}, by_name("named"), {}});
    ServiceUse named;
    named.service = "dns";
    EXPECT_EQ(ports(named, policy).size(), 2u);
    ASSERT_TRUE(process(named, policy));
    EXPECT_EQ(process(named, policy)->name, "named");

    ServiceUse in_place;
    in_place.port.protocol = 6;
    EXPECT_EQ(ports(in_place, policy).size(), 1u);
    EXPECT_EQ(process(in_place, policy), nullptr);
}

TEST(ProcessSelectors, AreCountedOncePerRuleSet) {
    Policy policy;
    policy.services.push_back({"dns", {{}}, by_name("named"), {}});
    ServiceUse by_service, in_place;
    by_service.service = "dns";
    in_place.process = by_name("named");
    Selector source = form(Selector::Form::all);
    source.process = by_name("curl");
    Rule rule;
    rule.from = {source, source};
    rule.services = {by_service, in_place};
    RuleSet set;
    set.rules = {rule, rule};
    EXPECT_EQ(process_selectors(set, policy).size(), 2u);
}

} // namespace
