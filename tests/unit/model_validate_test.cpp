#include "control/model/validate.h"

#include <gtest/gtest.h>

#include "control/model/nearest.h"

using namespace ringwall::model;

namespace {

Workload host(const char* name) {
    Workload out;
    out.name = name;
    return out;
}

Workload container(const char* name) {
    Workload out = host(name);
    out.cgroup = std::string("/") + name;
    return out;
}

TEST(Container, BelongsToTheOnlyHost) {
    Policy policy;
    policy.workloads = {host("h"), container("c")};
    complete(policy);
    EXPECT_EQ(policy.workloads[1].host, "h");
    EXPECT_TRUE(validate(policy).empty());
}

TEST(Container, IsNotGuessedOntoOneOfSeveralHosts) {
    Policy policy;
    policy.workloads = {host("h1"), container("c"), host("h2")};
    complete(policy);
    EXPECT_EQ(policy.workloads[1].host, "");
    ASSERT_EQ(validate(policy).size(), 1u);
    EXPECT_EQ(validate(policy)[0].message, "workload \"c\" has a cgroup and 2 workloads could be "
                                           "its host (h1, h2); add host: NAME");
}

TEST(Container, MayShareACgroupNameWithAnotherHostsContainer) {
    Policy policy;
    policy.workloads = {host("h1"), host("h2"), container("c1"), container("c2")};
    policy.workloads[2].host = "h1";
    policy.workloads[3].host = "h2";
    policy.workloads[3].cgroup = policy.workloads[2].cgroup;
    EXPECT_TRUE(validate(policy).empty());
}

TEST(LabelGroups, InADiamondAreNoCycle) {
    Policy policy;
    const auto group = [&](const char* name, std::set<std::string> members) {
        LabelGroup out{name, {}, {}};
        for (const auto& member : members) {
            LabelSelector selector;
            selector.groups = {member};
            out.members.push_back(selector);
        }
        policy.groups.push_back(out);
    };
    group("top", {"left", "right"});
    group("left", {"bottom"});
    group("right", {"bottom"});
    group("bottom", {});
    EXPECT_TRUE(validate(policy).empty());
}

TEST(LabelGroups, InAWideLatticeAreCheckedInOneWalk) {
    Policy policy; // 40 layers of two: 2^40 paths
    for (int layer = 0; layer < 40; ++layer)
        for (const char side : {'a', 'b'}) {
            LabelGroup group{side + std::to_string(layer), {{}, {}}, {}};
            if (layer > 0) {
                group.members[0].groups = {"a" + std::to_string(layer - 1)};
                group.members[1].groups = {"b" + std::to_string(layer - 1)};
            }
            policy.groups.insert(policy.groups.begin(), group);
        }
    EXPECT_TRUE(validate(policy).empty());
}

TEST(SixtyFourSelectors, AreStillAccepted) {
    Policy policy;
    RuleSet set;
    Rule rule;
    for (int i = 0; i < 64; ++i) {
        ServiceUse use;
        use.process.emplace().name = "p" + std::to_string(i);
        rule.services.push_back(use);
    }
    set.rules = {rule};
    policy.rule_sets = {set};
    EXPECT_TRUE(validate(policy).empty());
    policy.rule_sets[0].rules[0].services.emplace_back().process.emplace().name = "one more";
    EXPECT_EQ(validate(policy).size(), 1u);
}

TEST(Nearest, FindsTypingMistakesAndNothingElse) {
    const std::vector<std::string> words{"allow", "deny", "override-deny"};
    EXPECT_EQ(nearest("alow", words), "allow");
    EXPECT_EQ(nearest("Deny", words), "deny");
    EXPECT_EQ(nearest("overide-deny", words), "override-deny");
    EXPECT_EQ(nearest("drop", words), "");
    EXPECT_EQ(nearest("", words), "");
}

} // namespace
