#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>

#include "control/api/rights.h"

namespace ringwall::api {
namespace {

const Scope payments{{"app", {"Payments"}}, {"env", {"Production", "Staging"}}};

TEST(Rights, AnAdminHasAllButWhatConcernsOwners) {
    EXPECT_EQ(rights_of(Role::owner) & ~rights_of(Role::admin), static_cast<unsigned>(Right::own));
    for (const auto role : {Role::viewer, Role::editor, Role::provisioner})
        EXPECT_EQ(rights_of(role) & ~rights_of(Role::admin), 0U);
}

TEST(Rights, WhoEditsDoesNotProvisionAndTheOtherWayRound) {
    EXPECT_TRUE(has(rights_of(Role::editor), Right::edit));
    EXPECT_FALSE(has(rights_of(Role::editor), Right::provision));
    EXPECT_TRUE(has(rights_of(Role::provisioner), Right::provision));
    EXPECT_FALSE(has(rights_of(Role::provisioner), Right::edit));
    EXPECT_TRUE(has(rights_of(Role::provisioner), Right::modes));
    EXPECT_EQ(rights_of(Role::viewer), static_cast<unsigned>(Right::read));
}

TEST(Rights, TheLeastRoleIsNamed) {
    EXPECT_STREQ(role_for(Right::read), "viewer");
    EXPECT_STREQ(role_for(Right::edit), "editor");
    EXPECT_STREQ(role_for(Right::modes), "editor or provisioner");
    EXPECT_STREQ(role_for(Right::administer), "admin");
    EXPECT_STREQ(role_for(Right::own), "owner");
}

TEST(Scope, NeedsOneOfTheValuesUnderEveryKey) {
    EXPECT_TRUE(inside(payments, model::Labels{{"app", "Payments"}, {"env", "Staging"}}));
    EXPECT_FALSE(inside(payments, model::Labels{{"app", "Payments"}}));
    EXPECT_FALSE(inside(payments, model::Labels{{"app", "Shop"}, {"env", "Staging"}}));
    EXPECT_TRUE(inside(Scope{}, model::Labels{}));
}

TEST(Scope, ANarrowerOneIsInside) {
    EXPECT_TRUE(inside(payments, Scope{{"app", {"Payments"}}, {"env", {"Staging"}}}));
    EXPECT_FALSE(inside(payments, Scope{{"app", {"Payments"}}}));
    EXPECT_FALSE(inside(payments, Scope{}));
    EXPECT_TRUE(inside(Scope{}, payments));
}

RC_GTEST_PROP(ScopeProperty, TheIntersectionIsWhatBothContain, ()) {
    const auto values = rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<char>>(
                                               rc::gen::element('a', 'b', 'c'))));
    Scope one, other;
    model::Labels labels;
    for (const char* key : {"x", "y", "z"}) {
        for (Scope* scope : {&one, &other})
            if (*rc::gen::arbitrary<bool>())
                for (const char value : *values)
                    (*scope)[key].insert(std::string(1, value));
        if (*rc::gen::inRange(0, 4) != 0)
            labels[key] = std::string(1, *rc::gen::element('a', 'b', 'c'));
    }
    RC_ASSERT(inside(intersection(one, other), labels) ==
              (inside(one, labels) && inside(other, labels)));
    RC_ASSERT(inside(one, intersection(one, other)));
}

Faults faults_of_scope(const char* object) {
    const auto value = boost::json::parse(object);
    Faults faults;
    Fields fields(value, "", faults, {"scope"});
    scope_in(fields);
    return faults;
}

TEST(Scope, IsReadStrictly) {
    EXPECT_TRUE(faults_of_scope(R"({"scope": {"app": ["Payments", "Shop"]}})").empty());
    EXPECT_TRUE(faults_of_scope("{}").empty());
    for (const char* bad :
         {R"({"scope": {}})", R"({"scope": {"app": []}})", R"({"scope": {"app": "Payments"}})",
          R"({"scope": {"app": [1]}})", R"({"scope": {"app": ["a", "a"]}})", R"({"scope": []})",
          R"({"scope": {"app": ["a"], "env": []}})"})
        EXPECT_EQ(faults_of_scope(bad).size(), 1U) << bad;
}

model::RuleSet rule_set(std::vector<model::Scope> scopes, model::Selector::Form to) {
    model::RuleSet out;
    out.name = "r";
    out.scopes = std::move(scopes);
    out.rules.resize(1);
    out.rules[0].to.resize(1);
    out.rules[0].to[0].form = to;
    return out;
}

TEST(Scope, ARuleSetLiesInsideWithAllItsScopes) {
    using Form = model::Selector::Form;
    const model::Scope good{{"app", "Payments"}, {"env", "Staging"}};
    EXPECT_TRUE(outside(payments, rule_set({good}, Form::labels)).empty());
    EXPECT_TRUE(outside(payments, rule_set({good}, Form::list)).empty());
    EXPECT_FALSE(outside(payments, rule_set({}, Form::labels)).empty());
    EXPECT_FALSE(outside(payments, rule_set({good, {{"app", "Shop"}}}, Form::labels)).empty());
    EXPECT_TRUE(outside(Scope{}, rule_set({}, Form::any)).empty());
}

TEST(Scope, ARuleToEveryWorkloadReachesOutside) {
    const model::Scope good{{"app", "Payments"}, {"env", "Staging"}};
    const auto faults = outside(payments, rule_set({good}, model::Selector::Form::any));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].pointer, "/spec/rules/0/to/0");
}

TEST(Fields, UnknownMembersNameTheNearest) {
    const auto value = boost::json::parse(R"({"nam": "x", "a/b~c": 1})");
    Faults faults;
    Fields fields(value, "/spec", faults, {"name", "role"});
    fields.require("role");
    ASSERT_EQ(faults.size(), 3U);
    EXPECT_EQ(faults[0].pointer, "/spec/nam");
    EXPECT_NE(faults[0].sentence.find("did you mean \"name\"?"), std::string::npos);
    EXPECT_EQ(faults[1].pointer, "/spec/a~1b~0c");
    EXPECT_EQ(faults[2].pointer, "/spec/role");
}

TEST(Fields, LongTextIsCutBetweenTwoCharacters) {
    std::string text;
    for (int i = 0; i < 40; ++i)
        text += "\xc3\xa4";
    EXPECT_EQ(in_quotes("a" + text), "\"a" + text.substr(0, 58) + "...\"");
    EXPECT_EQ(in_quotes("short"), "\"short\"");
}

} // namespace
} // namespace ringwall::api
