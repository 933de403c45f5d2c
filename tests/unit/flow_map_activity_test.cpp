// The map's edges over time: the widths of buckets, and that nothing is lost or counted twice.
#include "control/flowmap/activity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/flow_map_fixture.h"

namespace ringwall::flowmap {
namespace {

using namespace testing;
using agent::testing::Scratch;

class FlowMapActivity : public MapTest {
  protected:
    std::unordered_set<EdgeId> edges(std::int64_t since, std::int64_t until) const {
        std::unordered_set<EdgeId> out;
        for (const auto& [id, numbers] : must(map->read(since, until)).edges)
            out.insert(id);
        return out;
    }
    Activity activity(std::int64_t since, std::int64_t until, std::size_t most) const {
        Activity out(*map, edges(since, until), since, until, most);
        for (bool more = true; more;)
            more = must(out.advance());
        return out;
    }
};

// Allowed ones by the minute that their bucket begins with, counted from noon.
std::map<std::int64_t, std::uint64_t> allowed(const Activity& activity) {
    std::map<std::int64_t, std::uint64_t> out;
    for (const auto& bucket : activity.buckets())
        if (bucket.allowed > 0)
            out[(bucket.from_ns - noon) / minute_ns] = bucket.allowed;
    return out;
}
using ByMinute = std::map<std::int64_t, std::uint64_t>;

TEST_F(FlowMapActivity, SaysWhenAndWithWhichVerdict) {
    open();
    take({.count = 2});
    take({.count = 3, .at = noon + 7 * minute_ns});
    take({.verdict = v1::BLOCKED, .count = 5, .at = noon + 7 * minute_ns});
    take({.verdict = v1::WOULD_BLOCK, .count = 7, .at = noon + 9 * minute_ns});
    take({.verdict = v1::UNMATCHED, .count = 11, .at = noon + 9 * minute_ns});
    const auto fine = activity(noon, noon + 10 * minute_ns, 10);
    EXPECT_EQ(fine.width_ns(), minute_ns);
    ASSERT_EQ(fine.buckets().size(), 10U);
    EXPECT_EQ(allowed(fine), (ByMinute{{0, 2}, {7, 3}}));
    EXPECT_EQ(fine.buckets()[7].blocked, 5U);
    EXPECT_EQ(fine.buckets()[9].would_block, 7U);
    EXPECT_EQ(fine.buckets()[9].unmatched, 11U);
    const auto coarse = activity(noon, noon + 10 * minute_ns, 9);
    EXPECT_EQ(coarse.width_ns(), 2 * minute_ns);
    EXPECT_EQ(allowed(coarse), (ByMinute{{0, 2}, {6, 3}}));
}

TEST_F(FlowMapActivity, OnlyTheGivenEdgesCount) {
    open();
    take({.count = 2});
    const auto before = edges(noon, noon + minute_ns);
    take({.process = "/usr/bin/wget", .count = 3});
    Activity found(*map, before, noon, noon + minute_ns, 5);
    EXPECT_FALSE(must(found.advance()));
    EXPECT_EQ(found.buckets().at(0).allowed, 2U);
}

TEST_F(FlowMapActivity, BucketsBeginWithTheHourOrTheDay) {
    open();
    const auto begins = [&](std::int64_t since, std::int64_t until, std::size_t most) {
        const auto found = activity(since, until, most);
        return std::pair(found.width_ns(), (found.buckets().front().from_ns - noon) / minute_ns);
    };
    const auto odd = noon + 17 * minute_ns + 20 * second;
    EXPECT_EQ(begins(odd, odd + day_ns, 120), std::pair(15 * minute_ns, std::int64_t{15}));
    EXPECT_EQ(begins(odd, odd + 7 * day_ns, 120), std::pair(2 * hour_ns, std::int64_t{0}));
    EXPECT_EQ(begins(odd, odd + 100 * day_ns, 30), std::pair(4 * day_ns, std::int64_t{-720}));
    EXPECT_EQ(begins(odd, odd + second, 1), std::pair(minute_ns, std::int64_t{17}));
}

TEST_F(FlowMapActivity, WhatIsKeptByTheHourOrTheDayMakesThemWider) {
    options.minutes_for = std::chrono::hours(2);
    options.hours_for = std::chrono::hours(48);
    open();
    for (int hour = 0; hour < 30; ++hour)
        take({.count = 1, .at = noon + hour * hour_ns});
    must(map->advance(noon + 30 * hour_ns, true));
    must(map->advance(noon + 40 * hour_ns)); // no minutes of the first day any more
    const auto hours = activity(noon, noon + 5 * hour_ns, 100);
    EXPECT_EQ(hours.width_ns(), hour_ns);
    EXPECT_EQ(allowed(hours), (ByMinute{{0, 1}, {60, 1}, {120, 1}, {180, 1}, {240, 1}}));
    must(map->advance(noon + 200 * hour_ns));
    const auto days = activity(noon + hour_ns, noon + 30 * hour_ns, 100);
    EXPECT_EQ(days.width_ns(), day_ns);
    EXPECT_EQ(allowed(days), (ByMinute{{-720, 12}, {720, 18}}));
}

RC_GTEST_FIXTURE_PROP(FlowMapActivity, SumsAreThoseOfTheMap, ()) {
    open();
    const auto minutes = [](int below) { return *rc::gen::inRange(0, below) * minute_ns; };
    auto now = noon;
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
        take({.process = std::to_string(*rc::gen::inRange(0, 4)),
              .verdict = *rc::gen::element(v1::ALLOWED, v1::BLOCKED, v1::WOULD_BLOCK),
              .count = 1,
              .at = noon + minutes(3000)});
        if (*rc::gen::inRange(0, 10) == 0)
            must(map->advance(now += minutes(2000)));
    }
    const auto since = noon + minutes(1500) + 7 * second;
    const auto until = since + minutes(1500) + second;
    const auto most = *rc::gen::inRange<std::size_t>(1, 400);
    const auto period = must(map->read(since, until));
    std::uint64_t whole = 0, parts = 0;
    for (const auto& [id, numbers] : period.edges)
        whole += numbers.count;
    const auto found = activity(since, until, most);
    auto expected = found.buckets().front().from_ns;
    for (const auto& each : found.buckets()) {
        parts += each.allowed + each.unmatched + each.would_block + each.blocked;
        RC_ASSERT(each.from_ns == expected);
        expected += found.width_ns();
    }
    RC_ASSERT(parts == whole);
    RC_ASSERT(found.buckets().size() <= most);
    RC_ASSERT(expected >= until);
}

} // namespace
} // namespace ringwall::flowmap
