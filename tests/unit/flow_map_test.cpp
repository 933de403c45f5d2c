// The map over time: what is written, read again, made anew and removed.
#include "control/flowmap/columns.h"
#include "control/flowmap/graph.h"

#include <random>

#include "tests/unit/flow_map_fixture.h"

namespace ringwall::flowmap {
namespace {

using namespace testing;
using agent::testing::Scratch;

TEST(FlowMapColumns, ComeBackAsTheyWere) {
    std::mt19937_64 dice(7);
    Totals totals;
    for (int i = 0; i < 500; ++i)
        totals[static_cast<EdgeId>(dice() % 100'000)] = {
            .count = dice() % 1000,
            .bytes_out = dice(),
            .bytes_in = dice() >> 40,
            .packets_out = dice() % 7,
            .packets_in = 0,
            .retransmits = dice() % 3,
            .refused = dice() % 2,
            .timed_out = 0, // a column of zeros
            .reset = dice() % 200,
            .rtt_us = dice() % 100'000,
            .peers = dice() % 5,
            .first_ns = noon - static_cast<std::int64_t>(dice() % 1'000'000'000),
            .last_ns = noon + static_cast<std::int64_t>(dice() % 1'000'000'000)};
    const auto bytes = encode(totals, noon);
    Totals back;
    ASSERT_TRUE(decode(bytes, noon, [&](EdgeId edge, const Numbers& n) { back[edge] = n; }));
    EXPECT_EQ(back, totals);
    EXPECT_FALSE(decode(bytes.substr(0, bytes.size() - 1), noon, [](EdgeId, const Numbers&) {}));
    EXPECT_FALSE(decode(bytes + "x", noon, [](EdgeId, const Numbers&) {}));
    EXPECT_FALSE(decode("", noon, [](EdgeId, const Numbers&) {}));
}

TEST(FlowMapColumns, OfTheFirstFormatAreReadWithoutFailures) {
    const std::string bytes{1, 1, 1, 1, 1,  1,  1, 1, 1, 1, 1, 1, 1, // one row, eleven columns
                            5, 0, 4, 3, 10, 20, 2, 1, 0, 9, 0};
    Totals back;
    ASSERT_TRUE(decode(bytes, noon, [&](EdgeId edge, const Numbers& n) { back[edge] = n; }));
    const Totals expected{{5,
                           {.count = 3,
                            .bytes_out = 10,
                            .bytes_in = 20,
                            .packets_out = 2,
                            .packets_in = 1,
                            .rtt_us = 9,
                            .first_ns = noon,
                            .last_ns = noon + 2}}};
    EXPECT_EQ(back, expected);
    EXPECT_FALSE(decode("\x03" + bytes.substr(1), noon, [](EdgeId, const Numbers&) {}));
}

class FlowMap : public MapTest {
  protected:
    Lines read(std::int64_t since, std::int64_t until) const {
        const auto period = must(map->read(since, until));
        return lines(map->catalog(), period.edges);
    }
    Lines everything() const { return read(0, noon + 1000 * day_ns); }
};

const std::string matched = "/usr/bin/curl -> /usr/sbin/nginx 8080 allowed";

TEST_F(FlowMap, ShowsAConnectionAtOnceAndAfterwards) {
    open();
    take({.count = 2});
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 2}}));
    take(served({.count = 2}));
    EXPECT_EQ(everything(), (Lines{{matched, 2}}));
    must(map->advance(noon + 10 * minute_ns));
    EXPECT_EQ(map->open_minutes(), 0U);
    EXPECT_EQ(everything(), (Lines{{matched, 2}}));
    EXPECT_EQ(read(noon, noon + minute_ns), (Lines{{matched, 2}}));
    EXPECT_EQ(read(noon + minute_ns, noon + 2 * minute_ns), Lines{});
}

TEST_F(FlowMap, TakesAgainWhatACrashTookAway) {
    open();
    take({.count = 2});
    must(map->advance(noon + 5 * minute_ns));
    take(served({.count = 3, .at = noon + 5 * minute_ns}));
    map.reset(); // nothing more is written
    open();
    EXPECT_EQ(map->counters().taken, 1U);
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 2},
                                   {"? -> /usr/sbin/nginx 8080 allowed", 3}}));
}

TEST_F(FlowMap, ALateEndIsMatchedAsIfItHadComeInTime) {
    open();
    take(served({.count = 4}));
    must(map->advance(noon + 10 * minute_ns));
    EXPECT_EQ(everything(), (Lines{{"? -> /usr/sbin/nginx 8080 allowed", 4}}));
    take({.count = 4}); // an old spool
    EXPECT_EQ(everything(), (Lines{{matched, 4}}));
    EXPECT_GE(map->counters().reopened, 1U);
    must(map->advance(noon + 20 * minute_ns));
    EXPECT_EQ(everything(), (Lines{{matched, 4}}));
}

TEST_F(FlowMap, WhenTheRowsAreGoneALateEndIsAddedAndCounted) {
    open();
    take(served({.count = 4}));
    must(map->advance(noon + 10 * minute_ns));
    rows.forget_before(noon + minute_ns);
    take({.count = 4});
    EXPECT_EQ(map->counters().added_late, 1U);
    const Lines both{{"? -> /usr/sbin/nginx 8080 allowed", 4},
                     {"/usr/bin/curl -> ? 8080 allowed", 4}};
    EXPECT_EQ(everything(), both);
    must(map->advance(noon + 20 * minute_ns));
    EXPECT_EQ(everything(), both);
    open(); // and is not added once more
    EXPECT_EQ(everything(), both);
}

TEST_F(FlowMap, HoursAndDaysStayWhenMinutesAreGone) {
    options.minutes_for = std::chrono::hours(2);
    options.hours_for = std::chrono::hours(48);
    open();
    for (int hour = 0; hour < 30; ++hour)
        take({.count = 1, .at = noon + hour * hour_ns});
    must(map->advance(noon + 30 * hour_ns, true));
    must(map->advance(noon + 200 * hour_ns));
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 30}}));
    // Nothing shorter than a day is left: the answer says which time it is of.
    const auto period = must(map->read(noon + hour_ns, noon + 2 * hour_ns));
    EXPECT_EQ(period.since_ns, noon - 12 * hour_ns);
    EXPECT_EQ(period.until_ns, noon + 12 * hour_ns);
    EXPECT_EQ(lines(map->catalog(), period.edges),
              (Lines{{"/usr/bin/curl -> ? 8080 allowed", 12}}));
}

TEST_F(FlowMap, OldDaysGo) {
    options.days_for = std::chrono::hours(24 * 10);
    open();
    take({.count = 1});
    take({.count = 5, .at = noon + 8 * day_ns});
    must(map->advance(noon + 9 * day_ns, true));
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 6}}));
    must(map->advance(noon + 12 * day_ns));
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 5}}));
}

TEST_F(FlowMap, EdgesThatNoTimeHasSeenAreForgottenAtAStart) {
    options.days_for = std::chrono::hours(24 * 10);
    options.most_edges = 100;
    open();
    const auto at_port = [](std::uint32_t port, std::int64_t at) {
        return Told{.process = fmt::format("/opt/{}/bin/client", port), .port = port, .at = at};
    };
    for (std::uint32_t port = 1; port <= 60; ++port)
        take(at_port(port, noon));
    must(map->advance(noon + day_ns, true));
    for (std::uint32_t port = 58; port <= 63; ++port)
        take(at_port(port, noon + 20 * day_ns));
    must(map->advance(noon + 21 * day_ns, true));
    open();
    const auto before = everything();
    EXPECT_EQ(before.size(), 6U);
    EXPECT_EQ(map->catalog().edges(), 6U) << "of 63";
    EXPECT_EQ(map->catalog().sides(), 7U) << "and whom they went to";
    take(at_port(64, noon + 21 * day_ns));
    take(at_port(60, noon + 21 * day_ns));
    must(map->advance(noon + 22 * day_ns, true));
    open();
    auto after = everything();
    EXPECT_EQ(after.at("/opt/60/bin/client -> ? 60 allowed"), 2U);
    EXPECT_EQ(after.erase("/opt/64/bin/client -> ? 64 allowed"), 1U);
    after.at("/opt/60/bin/client -> ? 60 allowed") = 1;
    EXPECT_EQ(after, before);
}

TEST_F(FlowMap, StaysWithinItsRoomAndKeepsTheSums) {
    options.max_bytes = 150'000;
    open();
    for (int minute = 0; minute < 600; ++minute)
        for (int port = 0; port < 40; ++port)
            take({.count = 1, .port = 1000U + port, .at = noon + minute * minute_ns});
    must(map->advance(noon + 20 * hour_ns, true));
    ASSERT_GT(map->bytes(), options.max_bytes);
    for (int i = 0; i < 40; ++i)
        must(map->advance(noon + 20 * hour_ns));
    EXPECT_LE(map->bytes(), options.max_bytes);
    std::uint64_t all = 0;
    for (const auto& [name, count] : everything())
        all += count;
    EXPECT_EQ(all, 600U * 40);
}

TEST_F(FlowMap, AClockThatJumpedHoldsNothingUp) {
    open();
    take({.count = 1, .at = noon + 400 * day_ns}); // then it is put back
    take({.count = 2});
    must(map->advance(noon + 10 * minute_ns));
    EXPECT_EQ(map->open_minutes(), 0U);
    EXPECT_EQ(everything(), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 3}}));
    open();
    EXPECT_EQ(map->counters().taken, 0U); // nothing was left to take again
}

TEST_F(FlowMap, RefusesAFileOfSomethingElse) {
    const auto path = scratch.path("map.db");
    std::ofstream(path) << std::string(4096, 'x');
    options.path = path;
    const auto refused = EdgeMap::open(options, rows);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, flows::Errc::corrupt);
}

// Rows come in any order of time, the map is written and opened again now and then: always what one
// gets who takes all rows in order and writes nothing.
class FlowMapAnyOrder : public FlowMap, public ::testing::WithParamInterface<unsigned> {
  protected:
    Told anything(std::mt19937_64& dice) {
        const auto pick = [&](std::uint64_t below) { return dice() % below; };
        Told out{.process = fmt::format("/bin/{}", pick(3)),
                 .source = fmt::format("10.0.0.{}", 1 + pick(3)),
                 .verdict = pick(8) == 0 ? v1::BLOCKED : v1::ALLOWED,
                 .count = pick(5),
                 .at = noon + static_cast<std::int64_t>(pick(12 * 60)) * 10 * second};
        out.by_source = pick(2) == 0;
        return out;
    }
    Lines expected(std::int64_t since, std::int64_t until) const {
        Catalog catalog(100'000);
        std::map<std::int64_t, Minute> minutes;
        for (const auto& each : rows.all())
            minutes[floor_to(each.at_ns, Span::minute)].take(each, catalog);
        Totals sum;
        const auto at = [&](std::int64_t time) {
            const auto found = minutes.find(time);
            return found == minutes.end() ? nullptr : &found->second;
        };
        for (const auto& [time, minute] : minutes)
            if (time >= since && time < until)
                for (const auto& [edge, numbers] :
                     minute.fold(at(time - minute_ns), at(time + minute_ns), catalog))
                    sum[edge] += numbers;
        return lines(catalog, sum);
    }
};

TEST_P(FlowMapAnyOrder, IsTheSame) {
    std::mt19937_64 dice(GetParam());
    open();
    auto now = noon;
    for (int step = 0; step < 300; ++step) {
        take(anything(dice));
        if (dice() % 4 == 0)
            must(map->advance(now += static_cast<std::int64_t>(dice() % 600) * second));
        if (dice() % 20 == 0)
            open();
        if (step % 10 != 0)
            continue;
        const auto since = noon + static_cast<std::int64_t>(dice() % 90) * minute_ns;
        const auto until = since + static_cast<std::int64_t>(1 + dice() % 120) * minute_ns;
        ASSERT_EQ(read(since, until), expected(since, until)) << "step " << step;
    }
    must(map->advance(now + day_ns, true));
    EXPECT_EQ(everything(), expected(0, noon + day_ns));
    EXPECT_EQ(map->counters().added_late, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FlowMapAnyOrder, ::testing::Range(1U, 13U));

// ---- graph.h

TEST(FlowMapGraph, GroupsBundlesAndSaysWhatItLeavesOut) {
    Catalog catalog(1000);
    Minute minute;
    minute.take(row({.count = 3}), catalog);
    minute.take(row({.process = "/usr/bin/wget", .count = 4, .port = 9090}), catalog);
    minute.take(row({.source = "10.9.9.9", .source_labels = R"({"app":"Other"})", .count = 1}),
                catalog);
    minute.take(
        row(served({.source = "198.51.100.1", .source_labels = "{}", .verdict = v1::BLOCKED})),
        catalog);
    const auto totals = minute.fold(nullptr, nullptr, catalog);
    const std::vector<EdgeNumbers> edges(totals.begin(), totals.end());
    const std::vector<std::string> keys{"app"};
    const auto graph = group(catalog, edges, keys, {});
    ASSERT_EQ(graph.nodes.size(), 3U);
    ASSERT_EQ(graph.bundles.size(), 3U);
    EXPECT_EQ(graph.bundles[0].verdict, v1::BLOCKED); // first, although it is but one
    EXPECT_EQ(graph.nodes[graph.bundles[0].source].id, "internet");
    EXPECT_EQ(graph.nodes[graph.bundles[1].source].id, "app=Payments");
    EXPECT_EQ(graph.bundles[1].numbers.count, 7U);
    EXPECT_EQ(graph.bundles[1].services.size(), 2U);
    EXPECT_EQ(graph.bundles[1].edges, 2U);

    const auto small = group(catalog, edges, keys, {.nodes = 2, .bundles = 5});
    EXPECT_EQ(small.nodes.size(), 2U);
    EXPECT_EQ(small.hidden_nodes, 1U);
    EXPECT_EQ(small.bundles.size() + small.hidden_bundles, 3U);
    EXPECT_EQ(small.hidden_bundles, 1U);
}

} // namespace
} // namespace ringwall::flowmap
