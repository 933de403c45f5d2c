#include <gtest/gtest.h>

#include "agent/impacts.h"
#include "tests/unit/flows_fixture.h"

namespace ringwall::agent {
namespace {

using loader::Impact;

constexpr std::uint32_t staged_set = 20;

// The staged rule set has a rule of its own.
class Names : public testing::World {
  public:
    Decision decision(const loader::Event& event) const override {
        if (event.rule_set == staged_set)
            return event.entry ? Decision{"deny", {"payments/no-web"}, {}}
                               : Decision{"no-rule", {}, {}};
        return {"allow", {"payments/web-to-app"}, {}};
    }
};

Impact blocked(std::uint64_t principal, std::uint64_t count, const char* peer = "10.0.0.1") {
    Impact row;
    row.change = Impact::Change::blocks;
    row.staged = staged_set;
    row.staged_entry = 5;
    row.principal = principal;
    row.count = count;
    row.connection = testing::connection();
    row.connection.peer = testing::address(peer);
    row.connection.started_ns = 1'000 * principal;
    row.connection.time_ns = 10'000 * principal;
    return row;
}

Impact same(std::uint64_t count) {
    Impact row;
    row.staged = staged_set;
    row.count = count;
    return row;
}

class ImpactsTest : public ::testing::Test {
  protected:
    std::optional<v1::Impact> tell(const std::vector<Impact>& rows, std::uint64_t staging = 3,
                                   std::uint64_t lost = 0) {
        return impacts.message({staging, "", lost}, rows, names, testing::wall, testing::wall);
    }
    Names names;
    Impacts impacts{2};
};

TEST_F(ImpactsTest, ARowSaysWhoWhatAndByWhichRules) {
    const auto said = tell({blocked(1, 4), same(9)});
    ASSERT_TRUE(said);
    EXPECT_EQ(said->staging(), 3U);
    EXPECT_GT(said->since_ns(), 0);
    EXPECT_EQ(said->same(), 9U);
    ASSERT_EQ(said->rows_size(), 1);
    const auto& row = said->rows(0);
    EXPECT_EQ(row.subject(), "app-uk-1");
    EXPECT_FALSE(row.allows());
    EXPECT_EQ(row.direction(), v1::INBOUND);
    EXPECT_EQ(row.port(), 8080U);
    EXPECT_EQ(row.process().unit(), "tomcat10.service");
    EXPECT_EQ(row.process().user(), "tomcat");
    EXPECT_EQ(row.reason(), "deny");
    EXPECT_EQ(row.rules(0), "payments/no-web");
    EXPECT_EQ(row.active_reason(), "allow");
    EXPECT_EQ(row.active_rules(0), "payments/web-to-app");
    EXPECT_EQ(row.count(), 4U);
    EXPECT_EQ(row.first_ns(), testing::wall + 1'000);
    EXPECT_EQ(row.last_ns(), testing::wall + 10'000);
}

TEST_F(ImpactsTest, WhatReadsTheSameIsOneRowOfTheLatestAddress) {
    const auto said = tell({blocked(2, 4), blocked(1, 3)});
    ASSERT_EQ(said->rows_size(), 1);
    EXPECT_EQ(said->rows(0).count(), 7U);
    EXPECT_EQ(said->rows(0).first_ns(), testing::wall + 1'000);
    EXPECT_EQ(said->rows(0).last_ns(), testing::wall + 20'000);
}

TEST_F(ImpactsTest, NothingNewIsNotSaidTwice) {
    EXPECT_TRUE(tell({blocked(1, 1)}));
    EXPECT_FALSE(tell({blocked(1, 1)}));
    EXPECT_TRUE(tell({blocked(1, 2)}));
}

TEST_F(ImpactsTest, TheLargestRowsAreKeptAndTheRestIsCounted) {
    auto other = blocked(1, 5, "203.0.113.9");
    auto third = blocked(1, 50, "192.0.2.1");
    third.connection.local_port = 22;
    const auto said = tell({blocked(1, 100), other, third});
    ASSERT_EQ(said->rows_size(), 2);
    EXPECT_EQ(said->rows(0).count(), 100U);
    EXPECT_EQ(said->rows(1).count(), 50U);
    EXPECT_EQ(said->omitted(), 5U);
}

TEST_F(ImpactsTest, WhatFoundNoRoomInTheKernelCountsFromTheStagingOn) {
    EXPECT_EQ(tell({}, 3, 10)->omitted(), 0U);
    EXPECT_EQ(tell({}, 3, 12)->omitted(), 2U);
    EXPECT_EQ(tell({}, 4, 12)->omitted(), 0U);
}

TEST_F(ImpactsTest, TheEndOfAStagingIsSaidOnce) {
    EXPECT_TRUE(tell({blocked(1, 1)}));
    const auto over = tell({}, 0);
    ASSERT_TRUE(over);
    EXPECT_EQ(over->staging(), 0U);
    EXPECT_FALSE(tell({}, 0));
}

TEST_F(ImpactsTest, NothingIsSaidWhereNothingWasEverStaged) {
    EXPECT_FALSE(tell({}, 0));
}

} // namespace
} // namespace ringwall::agent
