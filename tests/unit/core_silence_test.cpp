// Agents that fall silent: how long they stay in their peers' policy.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/core/silence.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

using namespace std::chrono_literals;

TEST(Silence, ForEverByDefault) {
    core::Silence silence(0ms);
    silence.begins("web-1", 1h);
    EXPECT_EQ(silence.due(), std::nullopt);
    EXPECT_TRUE(silence.give_up(100'000h).empty());
}

TEST(Silence, EachHasItsOwnTimeAndIsGivenUpOnce) {
    core::Silence silence(24h);
    silence.begins("web-1", 1h);
    silence.begins("web-2", 2h);
    silence.begins("web-1", 5h); // it was silent already
    EXPECT_EQ(silence.due(), std::optional<Millis>(25h));
    EXPECT_TRUE(silence.give_up(25h - 1ms).empty());
    EXPECT_EQ(silence.give_up(25h), std::vector<std::string>{"web-1"});
    EXPECT_TRUE(silence.given_up("web-1"));
    EXPECT_TRUE(silence.give_up(25h).empty());
    EXPECT_EQ(silence.due(), std::optional<Millis>(26h));
    EXPECT_FALSE(silence.ends("web-2"));
    EXPECT_EQ(silence.due(), std::nullopt);
    EXPECT_TRUE(silence.ends("web-1"));
    EXPECT_FALSE(silence.given_up("web-1"));
}

class SilentAgents : public testing::Test {
  protected:
    void pair(Millis grace) {
        world.silent_grace = grace;
        world.open();
        web = world.pair("web-1", R"({"role":"Web","app":"Pay"})", "10.0.0.1");
        app = world.pair("app-1", R"({"role":"App","app":"Pay"})", "10.0.1.1");
        allow_on(80);
    }
    void allow_on(int port) {
        EXPECT_TRUE(world.apply(fmt::format(
            R"({{"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{{"name":"pay"}},
                "spec":{{"scopes":[{{"app":"Pay"}}],"rules":[{{"name":"in","action":"allow",
                "from":[{{"role":"Web"}}],"to":[{{"role":"App"}}],
                "services":[{{"proto":"tcp","ports":[{}]}}]}}]}}}})",
            port)));
        world.provision();
    }
    // Does app-1 know an address of that workload?
    bool knows(const std::string& workload) const {
        return std::ranges::any_of(app->inventory().addresses(), [&](const auto& owner) {
            return std::ranges::find(owner.workloads(), workload) != owner.workloads().end();
        });
    }
    bool given_up() { return world.controller().agent("web-1")->given_up; }

    World world;
    std::shared_ptr<Host> web, app;
};

TEST_F(SilentAgents, StayForEverWhenNothingElseIsSaid) {
    pair({});
    web->stop();
    world.pass(1000h);
    EXPECT_EQ(world.controller().agent("web-1")->presence, fleet::Presence::silent);
    EXPECT_TRUE(knows("web-1"));
    EXPECT_FALSE(given_up());
}

TEST_F(SilentAgents, LeaveTheirPeersPolicyAfterTheGraceAndComeBack) {
    pair(2h);
    ASSERT_TRUE(knows("web-1"));
    const auto rules = web->rules();
    web->stop();
    world.pass(1h);
    EXPECT_TRUE(knows("web-1")) << "its grace is not over";
    world.pass(2h);
    EXPECT_FALSE(knows("web-1"));
    EXPECT_TRUE(given_up());
    EXPECT_TRUE(std::ranges::any_of(world.notices, [](const core::Notice& notice) {
        return notice.kind == "agent_given_up" && notice.key == "web-1";
    }));
    // It does not come back by what people do to it, nor by a new version.
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":
        {"name":"web-1"},"spec":{"labels":{"role":"Web","app":"Pay","loc":"UK"},"addresses":["10.0.0.1"]}})"));
    allow_on(81);
    EXPECT_FALSE(knows("web-1"));
    web->start();
    world.settle();
    EXPECT_TRUE(knows("web-1"));
    EXPECT_FALSE(given_up());
    EXPECT_EQ(web->rules(), rules);
    EXPECT_EQ(world.controller().draft().workload("web-1")->addresses.size(), 1U);
}

TEST_F(SilentAgents, AControllerThatStartsGivesEverybodyTheWholeGrace) {
    pair(2h);
    web->stop();
    world.pass(90min);
    world.open();
    app->connect();
    world.settle();
    world.pass(90min);
    EXPECT_TRUE(knows("web-1"));
    world.pass(1h);
    EXPECT_FALSE(knows("web-1"));
}

} // namespace
} // namespace ringwall::core_test
