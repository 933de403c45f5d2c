// Labels from what listens: a small fleet by hand, and what must hold of every suggestion.
#include "control/history/suggest.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "control/history/groups.h"

namespace ringwall::history {
namespace {

Listening on(std::uint8_t protocol, std::uint16_t port, const std::string& program) {
    return {protocol,
            port,
            {.path = "/usr/sbin/" + program,
             .unit = {},
             .container = {},
             .user = {},
             .group = {},
             .sha256 = {}}};
}

// Hosts with SSH and what is said of them.
class Fleet {
  public:
    void add(const std::string& name, const model::Labels& labels,
             std::vector<Listening> listening) {
        model::Workload workload;
        workload.name = name;
        workload.labels = labels;
        listening.push_back(on(6, 22, "sshd"));
        heard[name] = std::move(listening);
        workloads.push_back(std::move(workload));
    }
    void add(int count, const std::string& name, const model::Labels& labels,
             const std::vector<Listening>& listening) {
        for (int i = 0; i < count; ++i)
            add(fmt::format("{}-{}", name, i), labels, listening);
    }
    Suggestions suggest() const { return history::suggest(workloads, heard); }

    std::vector<model::Workload> workloads;
    Heard heard;
};

const std::vector<Listening> named{on(17, 53, "named"), on(6, 53, "named")},
    nginx{on(6, 443, "nginx")}, postgres{on(6, 5432, "postgres")};

model::Labels labels(const std::string& role, const std::string& app, const std::string& loc) {
    return {{"role", role}, {"app", app}, {"env", "Production"}, {"loc", loc}};
}

// Name servers and web servers at two places.
Fleet two_places() {
    Fleet out;
    for (const char* loc : {"UK", "Germany"}) {
        out.add(3, std::string("dns-") + loc, labels("DNS", "Infra", loc), named);
        out.add(3, std::string("web-") + loc, labels("Web", "Shop", loc), nginx);
    }
    return out;
}

TEST(Suggest, AnUnlabelledWorkloadIsWhatItIsLike) {
    auto fleet = two_places();
    fleet.add("x", {}, named);
    const auto found = fleet.suggest();
    EXPECT_EQ(found.considered, 13U);
    ASSERT_EQ(found.items.size(), 1U);
    const auto& x = found.items[0];
    EXPECT_EQ(x.workload, "x");
    EXPECT_FALSE(x.mislabelled);
    // Not where it is: both places are alike.
    EXPECT_EQ(x.suggested,
              (model::Labels{{"role", "DNS"}, {"app", "Infra"}, {"env", "Production"}}));
    EXPECT_DOUBLE_EQ(x.score, 1);
    EXPECT_EQ(x.like, 3U);
    ASSERT_EQ(x.evidence.size(), 2U); // everybody has SSH: that is none
    EXPECT_NE(x.evidence[0].find("named listens on"), std::string::npos) << x.evidence[0];
    EXPECT_NE(x.evidence[0].find(", as on 3 of the 3 workloads of role=DNS, app=Infra"),
              std::string::npos)
        << x.evidence[0];
}

TEST(Suggest, WhatItHasAlreadyIsKept) {
    auto fleet = two_places();
    fleet.add("x", {{"loc", "UK"}}, named);
    fleet.add("y", {{"loc", "France"}}, nginx);
    const auto found = fleet.suggest();
    ASSERT_EQ(found.items.size(), 1U); // there are no others in France
    EXPECT_EQ(found.items[0].workload, "x");
    EXPECT_FALSE(found.items[0].suggested.contains("loc"));
    EXPECT_EQ(found.items[0].suggested.at("role"), "DNS");
}

TEST(Suggest, WhatIsLikeNeitherOrLikeTwoIsLeftAlone) {
    auto fleet = two_places();
    fleet.add("bare", {}, {});
    fleet.add("cache", {}, {on(6, 6379, "redis")});
    fleet.add(3, "db", labels("DB", "Shop", "UK"), postgres);
    fleet.add("both", {}, {nginx.front(), postgres.front()});
    fleet.add(2, "proxy", labels("Proxy", "Shop", "UK"), nginx);
    fleet.add("proxy-or-web", {}, nginx);
    const auto found = fleet.suggest();
    ASSERT_EQ(found.items.size(), 2U);
    EXPECT_EQ(found.items[0].workload, "proxy-or-web");
    EXPECT_EQ(found.items[1].workload, "both") << "also where one program is much the rarer";
    for (const auto& item : found.items) // of the shop, whichever they are
        EXPECT_EQ(item.suggested, (model::Labels{{"app", "Shop"}, {"env", "Production"}}));
}

TEST(Suggest, OneThatIsLikeItIsNotEnough) {
    Fleet fleet;
    fleet.add(3, "web", labels("Web", "Shop", "UK"), nginx);
    fleet.add("dns", labels("DNS", "Infra", "UK"), named);
    fleet.add("x", {}, named);
    EXPECT_TRUE(fleet.suggest().items.empty());
}

TEST(Suggest, AMislabelledOneIsNearerToOthersThanToItsOwn) {
    auto fleet = two_places();
    fleet.add("x", labels("Web", "Shop", "UK"), named);
    fleet.add("only-one-there", labels("Web", "Shop", "France"), named);
    const auto found = fleet.suggest();
    ASSERT_EQ(found.items.size(), 1U);
    const auto& x = found.items[0];
    EXPECT_EQ(x.workload, "x");
    EXPECT_TRUE(x.mislabelled);
    EXPECT_EQ(x.suggested, (model::Labels{{"role", "DNS"}, {"app", "Infra"}}));
    EXPECT_EQ(
        x.evidence.back(),
        "nginx listens on tcp 443 on 3 of the 3 others with its present labels, and not here");
}

// ---- groups.h

// As it is defined: sums over all traits of the smaller and of the larger.
double by_definition(const Groups& groups, const Signature& signature, const Group& group) {
    double smaller = 0, larger = 0;
    for (TraitId trait = 0; trait < groups.traits().size(); ++trait) {
        const double mine = std::ranges::count(signature, trait) > 0 ? 1 : 0;
        const auto found = group.traits.find(trait);
        const double theirs = found == group.traits.end() ? 0
                                                          : static_cast<double>(found->second) /
                                                                static_cast<double>(group.members);
        smaller += groups.weight(trait) * std::min(mine, theirs);
        larger += groups.weight(trait) * std::max(mine, theirs);
    }
    return larger > 0 ? smaller / larger : 0;
}

Fleet random_fleet() {
    Fleet out;
    for (int i = *rc::gen::inRange(1, 25); i > 0; --i) {
        model::Labels of;
        for (const char* key : {"role", "app", "env"})
            if (*rc::gen::inRange(0, 4) > 0)
                of[key] = *rc::gen::element<std::string>("a", "b");
        std::vector<Listening> listening;
        for (int each = *rc::gen::inRange(0, 4); each > 0; --each)
            listening.push_back(on(6, static_cast<std::uint16_t>(*rc::gen::inRange(1, 5)), "p"));
        out.add(fmt::format("w{}", i), of, listening);
    }
    return out;
}

RC_GTEST_PROP(GroupsProperty, LikenessIsTheWeightedJaccard, ()) {
    const auto fleet = random_fleet();
    const Groups groups(fleet.workloads, fleet.heard);
    for (const auto& group : groups.all())
        for (const auto& [signature, workloads] : group.workloads) {
            const auto like = groups.like(signature, 0);
            RC_ASSERT(like.size() == groups.all().size());
            for (const auto& [id, score] : like)
                RC_ASSERT(std::abs(score - by_definition(groups, signature, groups.all()[id])) <
                          1e-9);
        }
}

RC_GTEST_PROP(SuggestProperty, SaysNothingThatIsThereAlreadyAndNothingWithoutEvidence, ()) {
    const auto fleet = random_fleet();
    const auto found = fleet.suggest();
    RC_ASSERT(found.considered == fleet.workloads.size());
    std::set<std::string> told;
    for (const auto& item : found.items) {
        RC_ASSERT(told.insert(item.workload).second);
        RC_ASSERT(item.score >= 0.6 && item.score <= 1 + 1e-9);
        RC_ASSERT(item.like >= 2U && !item.evidence.empty() && !item.suggested.empty());
        for (const auto& [key, value] : item.suggested) {
            const auto now = item.labels.find(key);
            RC_ASSERT(now == item.labels.end() || (item.mislabelled && now->second != value));
        }
    }
}

} // namespace
} // namespace ringwall::history
