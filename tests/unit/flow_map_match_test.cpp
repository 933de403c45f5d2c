// Both ends of connections become one: pair.h, minute.h.
#include <rapidcheck/gtest.h>

#include "tests/unit/flow_map_fixture.h"

namespace ringwall::flowmap {
namespace {

using namespace testing;

// What a minute is folded to, with what was told in the minutes before and after it.
Lines folded(const std::vector<Told>& told, const std::vector<Told>& earlier = {},
             const std::vector<Told>& later = {}) {
    Catalog catalog(1000);
    Minute before, now, after;
    for (const auto& [minute, all] :
         {std::pair{&before, &earlier}, std::pair{&now, &told}, std::pair{&after, &later}})
        for (const Told& each : *all)
            minute->take(row(each), catalog);
    return lines(catalog, now.fold(&before, &after, catalog));
}

TEST(FlowMapMatch, BothEndsAreOneEdgeWithBothProcesses) {
    EXPECT_EQ(folded({{.count = 3}, served({.count = 3})}),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 3}}));
}

TEST(FlowMapMatch, OneEndAloneIsAnEdgeToo) {
    EXPECT_EQ(folded({{.count = 2}}), (Lines{{"/usr/bin/curl -> ? 8080 allowed", 2}}));
    EXPECT_EQ(folded({served({.count = 2})}), (Lines{{"? -> /usr/sbin/nginx 8080 allowed", 2}}));
}

TEST(FlowMapMatch, SeveralProgramsOfTheSourceShareTheServer) {
    EXPECT_EQ(
        folded({{.count = 2}, {.process = "/usr/bin/wget", .count = 5}, served({.count = 7})}),
        (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 2},
               {"/usr/bin/wget -> /usr/sbin/nginx 8080 allowed", 5}}));
}

TEST(FlowMapMatch, SeveralServersAreMatchedInTheOrderOfTime) {
    EXPECT_EQ(folded({{.count = 5},
                      served({.count = 2}),
                      served({.process = "/usr/sbin/apache2", .count = 3, .at = noon + second})}),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 2},
                     {"/usr/bin/curl -> /usr/sbin/apache2 8080 allowed", 3}}));
}

TEST(FlowMapMatch, WhatTheSourceBlockedTheServerDoesNotKnow) {
    EXPECT_EQ(folded({{.count = 2},
                      {.process = "/usr/bin/nmap", .verdict = v1::BLOCKED, .count = 9},
                      served({.count = 2})}),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 2},
                     {"/usr/bin/nmap -> ? 8080 blocked", 9}}));
}

TEST(FlowMapMatch, BlockedAtTheServerIsBlocked) {
    EXPECT_EQ(folded({{.count = 1}, served({.verdict = v1::BLOCKED, .count = 3})}),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 blocked", 1}}));
}

TEST(FlowMapMatch, AnEndThatFellIntoTheNextMinuteIsNotCountedTwice) {
    const std::vector<Told> source{{.count = 4}}, destination{served({.count = 4})};
    EXPECT_EQ(folded(source, {}, destination),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 4}}));
    EXPECT_EQ(folded(destination, source), Lines{});
}

TEST(FlowMapMatch, WhatTheSourceDidNotTellIsTakenFromTheServer) {
    // Four were told by the source a minute ago, seven arrived in these two minutes.
    EXPECT_EQ(folded({served({.count = 6})}, {{.count = 4}, served({.count = 1})}),
              (Lines{{"/usr/bin/curl -> /usr/sbin/nginx 8080 allowed", 3}}));
}

TEST(FlowMapMatch, StrangersAreOneEdgeThatSaysHowMany) {
    Catalog catalog(1000);
    Minute minute;
    for (int i = 0; i < 200; ++i)
        minute.take(row(served({.source = fmt::format("198.51.{}.{}", i / 100, i % 100),
                                .source_labels = "{}",
                                .verdict = v1::BLOCKED})),
                    catalog);
    minute.take(row(served({.source = "192.168.7.9", .source_labels = "{}"})), catalog);
    const auto totals = minute.fold(nullptr, nullptr, catalog);
    EXPECT_EQ(lines(catalog, totals),
              (Lines{{"internet -> /usr/sbin/nginx 8080 blocked", 200},
                     {"192.168.7.0/24 -> /usr/sbin/nginx 8080 allowed", 1}}));
    std::uint64_t most = 0;
    for (const auto& [edge, numbers] : totals)
        most = std::max(most, numbers.peers);
    EXPECT_EQ(most, 200U);
}

TEST(FlowMapMatch, AScanOfMillionsTakesTheRoomOfMostPairs) {
    Catalog catalog(1000);
    Minute minute;
    constexpr std::uint64_t scanners = Minute::most_pairs + 50'000;
    for (std::uint64_t i = 0; i < scanners; ++i)
        minute.take(
            row(served({.source = fmt::format("198.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255),
                        .source_labels = "{}",
                        .verdict = v1::BLOCKED})),
            catalog);
    EXPECT_LE(minute.pairs(), Minute::most_pairs + 1);
    EXPECT_EQ(lines(catalog, minute.fold(nullptr, nullptr, catalog)),
              (Lines{{"internet -> /usr/sbin/nginx 8080 blocked", scanners}}));
    EXPECT_EQ(catalog.edges(), 1U);
}

TEST(FlowMapMatch, TooManyEdgesLoseTheirDetailsButNotTheirNumbers) {
    Catalog catalog(10);
    Minute minute;
    for (int i = 0; i < 40; ++i)
        minute.take(row({.process = fmt::format("/tmp/{}", i)}), catalog);
    const auto totals = minute.fold(nullptr, nullptr, catalog);
    std::uint64_t all = 0;
    for (const auto& [edge, numbers] : totals)
        all += numbers.count;
    EXPECT_EQ(all, 40U);
    EXPECT_LE(catalog.edges(), 11U);
    EXPECT_EQ(catalog.narrowed(), 30U);
}

// Whatever both ends tell: each connection that the source counted is in exactly one edge, with its
// bytes.
RC_GTEST_PROP(FlowMapMatch, KeepsTheNumbersOfTheSource, ()) {
    Catalog catalog(1000);
    Minute minute;
    std::uint64_t count = 0, bytes = 0;
    const auto halves = *rc::gen::inRange(1, 12);
    for (int i = 0; i < halves; ++i) {
        Told told{.process = fmt::format("/bin/{}", *rc::gen::inRange(0, 4)),
                  .verdict = *rc::gen::element(v1::ALLOWED, v1::BLOCKED),
                  .count = *rc::gen::inRange<std::uint64_t>(0, 9),
                  .bytes = *rc::gen::inRange<std::uint64_t>(0, 1000),
                  .at = noon + *rc::gen::inRange(0, 59) * second};
        told.by_source = i == 0 || *rc::gen::arbitrary<bool>();
        count += told.by_source ? told.count : 0;
        bytes += told.by_source ? told.bytes : 0;
        minute.take(row(told), catalog);
    }
    Numbers all;
    for (const auto& [edge, numbers] : minute.fold(nullptr, nullptr, catalog))
        all += numbers;
    RC_ASSERT(all.count == count);
    RC_ASSERT(all.bytes_out == bytes);
}

} // namespace
} // namespace ringwall::flowmap
