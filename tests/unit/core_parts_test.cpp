// The pure parts: dependencies, the choice of a canary, the state of a rollout.
#include <gtest/gtest.h>

#include "control/core/dependencies.h"
#include "control/core/rollout.h"

namespace ringwall::core {
namespace {

TEST(CoreCanary, ChoosesAShareAndNotAlwaysTheSame) {
    std::vector<std::string> agents;
    for (int i = 0; i < 200; ++i)
        agents.push_back("a" + std::to_string(i));
    EXPECT_EQ(choose(agents, 5, 1).size(), 10U);
    EXPECT_EQ(choose(agents, 100, 1).size(), 200U);
    EXPECT_EQ(choose(agents, 0.01, 1).size(), 1U);
    EXPECT_EQ(choose(agents, 5, 1), choose(agents, 5, 1));
    EXPECT_NE(choose(agents, 5, 1), choose(agents, 5, 2));
    EXPECT_TRUE(choose({}, 5, 1).empty());
}

TEST(CoreRolloutState, OutlivesARestart) {
    RolloutState state{.version = 7,
                       .previous = 6,
                       .phase = Phase::canary,
                       .began_ns = 5,
                       .confirm_within_ns = 60,
                       .deadline_ns = 65,
                       .first = {"a", "b"},
                       .concerned = 9,
                       .acknowledged = {"a"},
                       .refused = {"b: no"},
                       .blocks = 3,
                       .canary = Canary{"role=App", 2.5, 10},
                       .reason = "why"};
    const auto again = parse_rollout(to_json(state));
    ASSERT_TRUE(again);
    EXPECT_EQ(to_json(*again), to_json(state));
    EXPECT_EQ(again->canary, state.canary);
    EXPECT_FALSE(parse_rollout("{}"));
}

TEST(CoreRolloutState, StopsForARefusalForBlocksAndForTime) {
    RolloutState state{.phase = Phase::canary, .deadline_ns = 100};
    EXPECT_EQ(stop_reason(state, 99), "");
    EXPECT_NE(stop_reason(state, 100), "");
    state.deadline_ns = 0;
    state.canary = Canary{"", 100, 0};
    EXPECT_EQ(stop_reason(state, 100), "");
    state.blocks = 1;
    EXPECT_NE(stop_reason(state, 100), "");
    state.canary->max_blocks.reset();
    EXPECT_EQ(stop_reason(state, 100), "");
    state.refused.push_back("a: no");
    EXPECT_NE(stop_reason(state, 100), "");
    state.phase = Phase::confirmed;
    EXPECT_EQ(stop_reason(state, 100), "");
}

TEST(CoreDependencies, FollowNewServicesListsAndNestedGroups) {
    model::Policy draft;
    model::LabelSelector inner;
    inner.groups = {"inner"};
    draft.groups = {{"outer", {inner}, {}}, {"inner", {}, {}}};
    model::Rule rule;
    model::Selector from, to;
    from.labels.groups = {"outer"};
    to.form = model::Selector::Form::list;
    to.name = "office";
    rule.from = {from};
    rule.to = {to};
    rule.services = {{"dns", {}, {}, {}}};
    draft.rule_sets = {{"r", {}, {rule}, {}}};
    const store::ObjectId r{"rule_set", "r"}, outer{"label_group", "outer"},
        in{"label_group", "inner"}, office{"address_list", "office"}, dns{"service", "dns"};
    const std::vector<store::ObjectChange> pending{
        {in, {}, "{}", 1},
        {outer, {}, "{}", 2},
        {office, {}, "{}", 3},
        {dns, "{}", "{}", 4}, // it has an active form already
        {r, {}, "{}", 5}};
    EXPECT_EQ(pulled_in({r}, pending, {}, draft), (std::set{in, outer, office}));
    EXPECT_TRUE(pulled_in({in}, pending, {}, draft).empty());

    // What still names a removed object comes along.
    const std::vector<store::ObjectChange> removal{{dns, "{}", {}, 0}, {r, "{}", "{}", 6}};
    EXPECT_EQ(pulled_in({dns}, removal, draft, {}), std::set{r});
}

} // namespace
} // namespace ringwall::core
