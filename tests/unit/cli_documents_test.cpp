// Policy files as documents of the API: types, places, and the way back to YAML.
#include "control/cli/documents.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "control/cli/controller.h"
#include "control/cli/kinds.h"
#include "control/cli/yaml.h"
#include "control/policy/load.h"
#include "tests/unit/scratch.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::vector<Document> good(std::string_view text) {
    auto documents = documents_of(text, "p.yaml");
    if (documents)
        return std::move(*documents);
    for (const auto& problem : documents.error())
        ADD_FAILURE() << policy::line(problem);
    return {};
}

std::string as_json(std::string_view text) {
    const auto documents = good(text);
    return documents.empty() ? "" : json::serialize(documents.front().json);
}

std::vector<std::string> problems(std::string_view text) {
    const auto documents = documents_of(text, "p.yaml");
    std::vector<std::string> out;
    if (!documents)
        for (const auto& problem : documents.error())
            out.push_back(policy::line(problem));
    return out;
}

const std::string head = "apiVersion: ringwall/v1\nkind: ";

TEST(Documents, NumbersAndBooleansStandWhereTheFormHasThem) {
    EXPECT_EQ(
        as_json(head + "Service\nmetadata: {name: s, revision: 17}\n"
                       "spec: {ports: [{proto: tcp, ports: [80, \"8000-8080\"]}, {proto: 47}]}"),
        R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"s","revision":17},)"
        R"("spec":{"ports":[{"proto":"tcp","ports":[80,"8000-8080"]},{"proto":47}]}})");
    EXPECT_NE(
        as_json(head + "Workload\nmetadata: {name: w}\n"
                       "spec: {labels: {tier: \"1\", up: \"true\"}, addresses: [10.0.0.1], "
                       "managed: false}")
            .find(R"("labels":{"tier":"1","up":"true"},"addresses":["10.0.0.1"],"managed":false)"),
        std::string::npos);
}

TEST(Documents, TextStaysTextInSelectorsAndProcesses) {
    const auto text = as_json(
        head + "RuleSet\nmetadata: {name: r}\nspec:\n  scopes: [{app: \"7\"}]\n  rules:\n"
               "  - {name: a, action: allow, from: [{any: true}], to: [{role: [Web, \"8\"]}],\n"
               "     services: [{proto: icmp, types: [8, \"3/4\"], process: {user: 0}}]}\n");
    EXPECT_NE(text.find(R"("scopes":[{"app":"7"}])"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("from":[{"any":true}])"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("to":[{"role":["Web","8"]}])"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("types":[8,"3/4"],"process":{"user":"0"})"), std::string::npos) << text;
}

TEST(Documents, EveryExampleComesBackTheSameByJsonAndByYaml) {
    for (const auto* folder : {"payments", "starter"}) {
        const auto documents =
            read_documents({std::string(RINGWALL_POLICY_EXAMPLES) + "/" + folder});
        ASSERT_TRUE(documents) << documents.error().message;
        json::array all;
        std::string yaml;
        for (const auto& document : *documents) {
            all.push_back(document.json);
            yaml += "---\n" + yaml_text(document.json);
        }
        EXPECT_GT(all.size(), 4u);
        for (const auto& text : {json::serialize(all), yaml}) {
            const auto again = good(text);
            ASSERT_EQ(again.size(), documents->size()) << text;
            for (std::size_t i = 0; i < again.size(); ++i)
                EXPECT_EQ(again[i].json, (*documents)[i].json) << text;
            EXPECT_TRUE(policy::load_text(text, "again")) << text;
        }
    }
}

TEST(Documents, WhatLooksLikeAnotherTypeIsQuotedOnTheWayBack) {
    const json::object hard{{"a", "no"},
                            {"b", "1e5"},
                            {"c", "0x1f"},
                            {"d", "null"},
                            {"e", "a: b"},
                            {"f", "#x"},
                            {"g", "~"},
                            {"h", "2001:db8::5"},
                            {"i", "12:30"},
                            {"j", "- x"},
                            {"k", ""},
                            {"l", "Zürich \"x\""},
                            {"m", 7},
                            {"n", true},
                            {"o", json::array{"80", 80, "a,b"}},
                            {"p", json::object{}},
                            {"q", json::array{}},
                            {"r", "line\nend"}};
    std::vector<model::Problem> wrong;
    const auto trees = policy::parse(yaml_text(hard), "hard.yaml", wrong);
    ASSERT_TRUE(wrong.empty()) << policy::line(wrong[0]) << yaml_text(hard);
    ASSERT_EQ(trees.size(), 1u);
    EXPECT_EQ(json_of(trees[0]), json::value(hard)) << yaml_text(hard);
}

TEST(Documents, WhatTheApiListsCanBeAppliedAgain) {
    const auto documents = good(
        R"({"items":[{"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"w","revision":3,
            "created":"2026-01-02T03:04:05Z","changed":"2026-01-02T03:04:05Z"},
            "spec":{"addresses":["10.0.0.1"]}}],"total":1})");
    ASSERT_EQ(documents.size(), 1u);
    EXPECT_EQ(json::serialize(documents[0].json.at("metadata")), R"({"name":"w","revision":3})");
}

TEST(Documents, ProblemsHaveLineAndColumn) {
    EXPECT_EQ(problems(head + "Workload\nmetadata: {name: w}\nspec:\n  adresses: [10.0.0.1]\n"),
              (std::vector<std::string>{
                  "p.yaml:5:3: unknown field \"adresses\" in spec of a Workload; did you mean "
                  "\"addresses\"?",
                  "p.yaml:5:3: spec of a Workload needs \"addresses\"; write addresses: "
                  "[10.0.0.1]"}));
    EXPECT_EQ(problems(head +
                       "Workload\nmetadata: {name: w}\nspec: {addresses: [10.0.0.1], labels: "
                       "{tier: 1}}"),
              std::vector<std::string>{"p.yaml:4:46: label tier 1 reads as a number; write it in "
                                       "quotes: \"1\""});
    const std::string w = head + "Workload\nmetadata: {name: w}\nspec: {addresses: [10.0.0.1]}\n";
    EXPECT_EQ(problems(w + "---\n" + w),
              std::vector<std::string>{
                  "p.yaml:6:1: Workload \"w\" is already given at p.yaml:1:1; keep one"});
    EXPECT_EQ(problems(head + "Workload\nmetadata: {name: w, revision: x}\nspec: {addresses: "
                              "[10.0.0.1]}")
                  .size(),
              1u);
    EXPECT_EQ(problems("").size(), 1u);
    EXPECT_EQ(problems(head + "Workloadd\nmetadata: {name: w}\nspec: {}").size(), 1u);
}

TEST(Documents, ProfilesAndUsersAreTheControllersToJudge) {
    const auto documents = good(
        head + "User\nmetadata: {name: alice}\nspec: {role: editor, scope: {app: [P, \"1\"]}}");
    ASSERT_EQ(documents.size(), 1u);
    EXPECT_EQ(json::serialize(documents[0].json.at("spec")),
              R"({"role":"editor","scope":{"app":["P","1"]}})");
}

constexpr const char* rules = R"(apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: payments}
spec:
  rules:
  - name: first
    action: allow
    from: [{any: true}]
    to: [{all: true}]
    services:
    - {proto: tcp}
  - name: second/odd
    action: deny
    from: [{any: true}]
    to: [{all: true}]
    services: [{proto: tcp}]
)";

TEST(Documents, APointerLeadsToItsLine) {
    std::string text(rules);
    text.replace(text.find("second/odd"), 10, "second");
    const auto document = good(text).at(0);
    EXPECT_EQ(document.place("/spec/rules/0/action").text(), "p.yaml:7:13");
    EXPECT_EQ(document.place("/spec/rules/second/action").text(), "p.yaml:13:13");
    EXPECT_EQ(document.place("/spec/rules/1/services").text(), "p.yaml:16:5");
    EXPECT_EQ(document.place("/spec/rules/0/services/0/proto").text(), "p.yaml:11:15");
    EXPECT_EQ(document.place("/spec/rules/7").text(), "p.yaml:5:3"); // the nearest above
    EXPECT_EQ(document.place("/spec/scopes").text(), "p.yaml:4:1");
    EXPECT_EQ(document.place("").text(), "p.yaml:1:1");
}

TEST(Documents, APointersEscapesAreRead) {
    const auto document =
        good(head + "Workload\nmetadata: {name: w}\nspec:\n  addresses: [10.0.0.1]\n"
                    "  labels:\n    a/b: x\n    c: z\n")
            .at(0);
    EXPECT_EQ(document.place("/spec/labels/a~1b").text(), "p.yaml:7:10");
}

TEST(Documents, AFaultIsShownWhereItStands) {
    const std::vector<Document> documents =
        good(std::string(rules).replace(std::string(rules).find("second/odd"), 10, "second"));
    EXPECT_EQ(fault_line({"RuleSet", "payments", "/spec/rules/0/action", "is wrong", false},
                         places_in(documents)),
              "p.yaml:7:13: is wrong");
    EXPECT_EQ(fault_line({"rule_set", "payments", "", "is odd", true}, places_in(documents)),
              "p.yaml:1:1: warning: is odd");
    EXPECT_EQ(fault_line({"Service", "dns", "/spec/ports", "is used", false}, places_in(documents)),
              "service/dns /spec/ports: is used");
    EXPECT_EQ(fault_line({"", "", "/prune/kinds", "is empty", false}, {}),
              "/prune/kinds: is empty");
}

TEST(Documents, AFolderIsReadInOrderAndNothingElse) {
    agent::testing::Scratch scratch;
    const auto one = [](const char* name) {
        return head + "Workload\nmetadata: {name: " + name + "}\nspec: {addresses: [10.0.0.1]}\n";
    };
    scratch.write("d/b.yaml", one("b"));
    scratch.write("d/a.yml", one("a"));
    scratch.write("d/.hidden.yaml", one("h"));
    scratch.write("d/readme.txt", "no");
    const auto documents = read_documents({scratch.path("d")});
    ASSERT_TRUE(documents) << documents.error().message;
    ASSERT_EQ(documents->size(), 2u);
    EXPECT_EQ((*documents)[0].name, "a");
    EXPECT_FALSE(read_documents({scratch.path("none.yaml")}));
}

TEST(Kinds, HaveManyNames) {
    for (auto noun : {"wl", "workload", "Workloads", "WORKLOAD"})
        EXPECT_EQ(kind_named(noun).value()->path, "workloads") << noun;
    for (auto noun : {"rs", "ruleset", "rule-sets", "RuleSet", "rule_set"})
        EXPECT_EQ(kind_named(noun).value()->path, "rule-sets") << noun;
    EXPECT_NE(kind_named("worklaod").error().message.find("did you mean \"workload\"?"),
              std::string::npos)
        << kind_named("worklaod").error().message;
    EXPECT_NE(kind_named("agents").error().message.find("'ringwall agents'"), std::string::npos);
    EXPECT_EQ(kind_named("x").error().code, Exit::usage);
}

TEST(Kinds, ReferencesAreKindAndNamesOrSlashes) {
    const auto names = references({"rs", "a", "b"}).value();
    ASSERT_EQ(names.size(), 2u);
    EXPECT_EQ(names[1].kind->document, "RuleSet");
    EXPECT_EQ(names[1].name, "b");
    const auto mixed = references({"svc/dns", "ruleset/x"}).value();
    ASSERT_EQ(mixed.size(), 2u);
    EXPECT_EQ(mixed[0].kind->document, "Service");
    EXPECT_TRUE(references({"wl"}).value()[0].name.empty());
    EXPECT_FALSE(references({"svc/dns", "web"}));
    EXPECT_FALSE(references({"svc/"}));
    EXPECT_FALSE(references({}));
}

} // namespace
} // namespace ringwall::cli
