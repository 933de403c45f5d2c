// Objects: checked as a whole, stored, computed and sent, or nothing of it.
#include <gtest/gtest.h>

#include "control/core/document.h"
#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

using core::Errc;

TEST(CoreChange, FirstStartMakesATokenThatOnlyItsOwnerReads) {
    World world;
    struct stat status{};
    ASSERT_EQ(stat(world.scratch.path("admin.token").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    std::string token, again;
    std::ifstream(world.scratch.path("admin.token")) >> token;
    EXPECT_EQ(token.size(), 46U);
    EXPECT_TRUE(token.starts_with("rw_"));
    const auto object = world.controller().store().object({"token", "admin"});
    ASSERT_TRUE(object);
    EXPECT_EQ(object->body.find(token), std::string::npos) << "only its hash is stored";
    world.open();
    std::ifstream(world.scratch.path("admin.token")) >> again;
    EXPECT_EQ(again, token);
}

TEST(CoreChange, AFaultNamesTheObjectAndTheField) {
    World world;
    const auto done = world.apply(R"([
      {"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"good"},
       "spec":{"ports":[{"proto":"tcp","ports":[1]}]}},
      {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"bad"},
       "spec":{"rules":[{"name":"r","action":"allow","scope":"extra","from":[{"any":true}],
        "to":[{"role":"Web"}],"services":[{"service":"tomcta"}]}]}}])");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::invalid);
    ASSERT_EQ(done.error().faults.size(), 1U);
    EXPECT_EQ(done.error().faults[0].object, (store::ObjectId{"rule_set", "bad"}));
    EXPECT_EQ(done.error().faults[0].pointer.rfind("/spec/rules/0/services/0", 0), 0U)
        << done.error().faults[0].pointer;
    EXPECT_FALSE(world.controller().store().object({"service", "good"})) << "half was applied";
}

TEST(CoreChange, TheFormOfADocumentIsChecked) {
    World world;
    for (const char* document :
         {R"({"apiVersion":"ringwall/v1","kind":"Workloat","metadata":{"name":"a"},"spec":{}})",
          R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{},"spec":{}})",
          R"({"apiVersion":"ringwall/v2","kind":"Workload","metadata":{"name":"a"},
             "spec":{"addresses":["10.0.0.1"]}})",
          R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"a","revision":"x"},
             "spec":{"addresses":["10.0.0.1"]}})",
          R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"a"},
             "spec":{"addresses":["10.0.0.1"],"cgroup":"/web"}})",
          R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"a"},
             "spec":{"addresses":["10.0.0"]}})"}) {
        const auto done = world.apply(document);
        ASSERT_FALSE(done) << document;
        EXPECT_FALSE(done.error().faults.front().sentence.empty());
    }
    EXPECT_TRUE(world.controller().draft().workloads.empty());
}

TEST(CoreChange, WhatWasGotCanBePutBack) {
    World world;
    ASSERT_TRUE(world.apply(payments));
    const auto object = world.controller().store().object({"rule_set", "payments"});
    const auto again = core::edit_of(core::document(*object));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->expected, object->revision);
    const auto done = world.controller().change({world.me(), {*again}}, false);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->receipt.edits[0].outcome, store::Outcome::unchanged);
}

TEST(CoreChange, ADryRunSaysWhatWouldComeAndLeavesNothing) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto before = web_1->messages;
    const auto done = world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"web-1"},"spec":{"addresses":["10.0.0.9"],"mode":"full"}})",
                                  true);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->receipt.edits[0].outcome, store::Outcome::changed);
    EXPECT_EQ(world.controller().draft().workload("web-1")->mode, model::Mode::visibility);
    EXPECT_EQ(web_1->messages, before);
    world.open();
    EXPECT_EQ(web_1->policy().subjects(0).mode(), v1::VISIBILITY);
}

TEST(CoreChange, ADraftActsWhenItIsProvisioned) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    EXPECT_TRUE(app_1->rules().empty());
    EXPECT_EQ(world.provision(), 1U);
    EXPECT_EQ(app_1->rules(),
              std::vector<std::string>{"payments/web-to-app allow in from: (\"app\", \"Payments\") "
                                       "(\"role\", \"Web\")"});
    EXPECT_EQ(web_1->rules(),
              std::vector<std::string>{"payments/web-to-app allow out to: (\"app\", \"Payments\") "
                                       "(\"role\", \"App\")"});
    EXPECT_EQ(app_1->policy().provisioned(), 1U);
}

TEST(CoreChange, ALabelActsAtOnceAndReachesOnlyThoseConcerned) {
    World world;
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    const auto other = world.pair("other", R"({"role":"Mail"})", "10.0.2.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    const auto web_9 = world.pair("web-9", R"({"role":"New"})", "10.0.0.9");
    const auto before = other->messages;
    EXPECT_TRUE(app_1->rules().empty()) << "no web server, no rule";
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"web-9"},
        "spec":{"addresses":["10.0.0.9"],"labels":{"role":"Web","app":"Payments"}}})"));
    ASSERT_EQ(app_1->rules().size(), 1U);
    EXPECT_NE(app_1->rules()[0].find("\"Web\""), std::string::npos);
    EXPECT_EQ(other->messages, before) << "nothing of it concerns this host";
    EXPECT_EQ(web_9->rules().size(), 1U);
}

TEST(CoreChange, ARepeatedRequestDoesNothingTwice) {
    World world;
    const auto text = [](const char* mode) {
        return std::string(R"({"apiVersion":"ringwall/v1","kind":"Workload",
            "metadata":{"name":"a"},"spec":{"addresses":["10.0.0.1"],"mode":")") +
               mode + R"("}})";
    };
    const auto first = world.apply(text("selective"), false, "key-1");
    ASSERT_TRUE(first);
    ASSERT_TRUE(world.apply(text("full")));
    const auto again = world.apply(text("selective"), false, "key-1");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->receipt, first->receipt);
    EXPECT_EQ(world.controller().draft().workload("a")->mode, model::Mode::full);
    EXPECT_EQ(world.apply(text("idle"), false, "key-1").error().code, Errc::reused_key);
}

TEST(CoreChange, AStaleRevisionChangesNothingAnywhere) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto before = web_1->messages;
    const auto done = world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"web-1","revision":1},"spec":{"addresses":["10.0.0.1"],"mode":"full"}})");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::stale);
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"b"},"spec":{"addresses":["10.0.0.2"]}})"));
    EXPECT_EQ(web_1->messages, before);
    EXPECT_EQ(world.controller().snapshot("web-1")->policy().subjects(0).mode(), v1::VISIBILITY);
}

TEST(CoreChange, ANamedWorkloadAndAPairedOneCannotBeRemoved) {
    World world;
    ASSERT_TRUE(world.apply(R"([
      {"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"db"},
       "spec":{"addresses":["10.0.0.1"],"managed":false}},
      {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"r"},
       "spec":{"rules":[{"name":"r","action":"allow","scope":"extra","from":[{"any":true}],
        "to":[{"workload":"db"}],"services":[{"proto":"tcp","ports":[1]}]}]}}])"));
    const auto named = world.remove("workload", "db");
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().faults[0].object, (store::ObjectId{"rule_set", "r"}));

    world.pair("web-1", web, "10.0.0.2");
    EXPECT_EQ(world.remove("workload", "web-1").error().code, Errc::conflict);
    ASSERT_TRUE(world.controller().revoke(world.me(), "web-1", "gone"));
    world.settle();
    EXPECT_FALSE(world.hosts["web-1"]->online());
    ASSERT_TRUE(world.remove("workload", "web-1"));
    EXPECT_FALSE(world.controller().agent("web-1"));
    EXPECT_FALSE(world.controller().store().object({"agent", "web-1"}));
}

TEST(CoreChange, EventsComeInOrderAndAreReplayed) {
    World world;
    std::vector<core::Event> live, later;
    const auto first =
        world.controller().subscribe(0, [&](const core::Event& e) { live.push_back(e); });
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    ASSERT_GE(live.size(), 4U);
    EXPECT_EQ(live[0].type, "change");
    const auto second =
        world.controller().subscribe(live[0].id, [&](const core::Event& e) { later.push_back(e); });
    ASSERT_EQ(later.size(), live.size() - 1);
    EXPECT_EQ(later[0].id, live[1].id);
    world.open();
    const auto third =
        world.controller().subscribe(1000, [&](const core::Event& e) { later.push_back(e); });
    EXPECT_EQ(later.back().type, "missed") << "ids of an earlier life mean nothing now";
}

} // namespace
} // namespace ringwall::core_test
