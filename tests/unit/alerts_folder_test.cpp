// What is told at once, what is folded and what is held back.
#include <random>

#include <gtest/gtest.h>

#include "control/alerts/folder.h"

namespace ringwall::alerts {
namespace {

using std::chrono::seconds;

constexpr std::int64_t second_ns = 1'000'000'000;

Event event(Kind kind, const std::string& key, Time at = {}) {
    return {.kind = kind,
            .key = key,
            .sentence = "about " + key,
            .fields = {{"key", key}},
            .at_ns = std::chrono::nanoseconds(at).count()};
}

std::uint64_t counted(const std::vector<Alert>& alerts) {
    std::uint64_t out = 0;
    for (const auto& alert : alerts)
        out += alert.count;
    return out;
}

TEST(Folder, TellsTheFirstAtOnceAndTheRestAtTheEndOfTheWindow) {
    Folder folder({});
    const auto first = folder.tell(event(Kind::blocked, "web"), seconds(0));
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].sentence, "about web");
    EXPECT_EQ(first[0].count, 1U);
    EXPECT_EQ(folder.next_deadline(), seconds(60));
    for (int s = 1; s <= 5; ++s)
        EXPECT_TRUE(folder.tell(event(Kind::blocked, "web", seconds(s)), seconds(s)).empty());
    EXPECT_TRUE(folder.tick(seconds(59)).empty());
    const auto rest = folder.tick(seconds(60));
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].sentence, "about web (5 more in 60 s)");
    EXPECT_EQ(rest[0].count, 5U);
    EXPECT_EQ(rest[0].first_ns, 1 * second_ns);
    EXPECT_EQ(rest[0].last_ns, 5 * second_ns);
    EXPECT_EQ(rest[0].number, 2U);
}

TEST(Folder, WhatGoesOnIsOneAlertAWindowUntilOneStaysEmpty) {
    Folder folder({});
    std::size_t alerts = folder.tell(event(Kind::tamper, "a"), seconds(0)).size();
    for (int s = 1; s < 180; ++s)
        alerts += folder.tell(event(Kind::tamper, "a"), seconds(s)).size();
    EXPECT_EQ(alerts, 3U); // at 0, 60 and 120 s
    EXPECT_EQ(folder.tick(seconds(180)).size(), 1U);
    EXPECT_TRUE(folder.tick(seconds(240)).empty());
    EXPECT_EQ(folder.next_deadline(), std::nullopt);
    EXPECT_EQ(folder.tell(event(Kind::tamper, "a"), seconds(241)).size(), 1U);
}

TEST(Folder, KindsAndKeysDoNotMix) {
    Folder folder({});
    EXPECT_EQ(folder.tell(event(Kind::blocked, "web"), seconds(0)).size(), 1U);
    EXPECT_EQ(folder.tell(event(Kind::tamper, "web"), seconds(0)).size(), 1U);
    EXPECT_EQ(folder.tell(event(Kind::blocked, "app"), seconds(0)).size(), 1U);
}

TEST(Folder, AWouldBlockIsNewOnlyOnce) {
    Folder folder({});
    folder.known("web>db");
    EXPECT_TRUE(folder.tell(event(Kind::would_block_new, "web>db"), seconds(0)).empty());
    EXPECT_EQ(folder.tell(event(Kind::would_block_new, "web>app"), seconds(1)).size(), 1U);
    EXPECT_TRUE(folder.tell(event(Kind::would_block_new, "web>app"), seconds(9999)).empty());
    EXPECT_EQ(folder.counters().known, 2U);
}

TEST(Folder, AWouldBlockThatWasHeldBackIsNewTheNextTime) {
    Folder folder({.rate = 1, .burst = 2});
    EXPECT_EQ(folder.tell(event(Kind::would_block_new, "a"), seconds(0)).size(), 1U);
    EXPECT_TRUE(folder.tell(event(Kind::would_block_new, "b"), seconds(0)).empty());
    EXPECT_EQ(folder.tell(event(Kind::would_block_new, "b"), seconds(10)).size(), 1U);
}

TEST(Folder, HoldsBackWhatIsTooMuchAndTellsHowMuchInOneAlert) {
    Folder folder({.rate = 10, .burst = 20});
    std::size_t sent = 0;
    for (int i = 0; i < 100; ++i)
        sent += folder.tell(event(Kind::blocked, std::to_string(i), seconds(i)), seconds(0)).size();
    EXPECT_EQ(sent, 15U) << "a quarter of the burst is left to the rare kinds";
    EXPECT_EQ(folder.tell(event(Kind::tamper, "agent"), seconds(0)).size(), 1U);
    const auto told = folder.tick(seconds(60));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::suppressed);
    EXPECT_EQ(told[0].count, 85U);
    EXPECT_EQ(told[0].fields, (Fields{{"blocked", "85"}}));
    EXPECT_TRUE(told[0].sentence.starts_with("85 events were not sent as alerts"))
        << told[0].sentence;
    EXPECT_EQ(told[0].first_ns, 15 * second_ns);
    EXPECT_EQ(told[0].last_ns, 99 * second_ns);
    EXPECT_EQ(folder.counters().suppressed, 85U);
    EXPECT_TRUE(folder.tick(seconds(600)).empty());
}

TEST(Folder, TheRateComesBackWithTime) {
    Folder folder({.rate = 10, .burst = 10});
    std::size_t sent = 0;
    for (int ms = 0; ms < 10'000; ms += 10)
        sent += folder.tell(event(Kind::tamper, std::to_string(ms)), Time(ms)).size();
    EXPECT_NEAR(static_cast<double>(sent), 110, 2); // a burst, then ten a second
}

TEST(Folder, OpenWindowsAreBounded) {
    Folder folder({.rate = 1e6, .burst = 1e6, .max_windows = 3});
    for (const auto* key : {"a", "b", "c"})
        EXPECT_EQ(folder.tell(event(Kind::blocked, key), seconds(0)).size(), 1U);
    EXPECT_TRUE(folder.tell(event(Kind::blocked, "d"), seconds(0)).empty());
    EXPECT_EQ(folder.counters().suppressed, 1U);
}

TEST(Folder, OnlyWantedKindsAreTold) {
    Folder folder({.kinds = {Kind::tamper}});
    EXPECT_TRUE(folder.tell(event(Kind::blocked, "a"), seconds(0)).empty());
    EXPECT_EQ(folder.tell(event(Kind::tamper, "a"), seconds(0)).size(), 1U);
    EXPECT_EQ(folder.counters().unwanted, 1U);
}

TEST(Folder, WhatIsToldAtTheEndIsComplete) {
    Folder folder({.rate = 1, .burst = 4});
    std::uint64_t told = 0;
    for (int i = 0; i < 50; ++i)
        told += counted(folder.tell(event(Kind::blocked, std::to_string(i % 10)), seconds(0)));
    told += counted(folder.flush(seconds(1)));
    EXPECT_EQ(told, 50U);
    EXPECT_EQ(folder.next_deadline(), std::nullopt);
    EXPECT_TRUE(folder.flush(seconds(100)).empty());
}

// Whatever comes: each event is in one alert, or in one count.
TEST(Folder, LosesNoEventInItsBooks) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        std::mt19937 dice(seed);
        Folder folder({.window = seconds(1 + dice() % 20),
                       .rate = 1.0 + dice() % 5,
                       .burst = 1.0 + dice() % 8,
                       .max_windows = 1 + dice() % 20});
        std::uint64_t told = 0, numbers = 0;
        const auto count = [&](const std::vector<Alert>& alerts) {
            told += counted(alerts);
            for (const auto& alert : alerts)
                EXPECT_EQ(alert.number, ++numbers);
        };
        Time now{};
        for (int i = 0; i < 2000; ++i) {
            now += Time(dice() % 300);
            const auto kind = static_cast<Kind>(dice() % 9);
            count(folder.tell(event(kind, std::to_string(dice() % 30), now), now));
            if (const auto due = folder.next_deadline(); dice() % 5 == 0 && due) {
                now = std::max(now, *due);
                count(folder.tick(now));
            }
        }
        count(folder.flush(now));
        const auto& books = folder.counters();
        EXPECT_EQ(books.events, 2000U);
        EXPECT_EQ(told + books.known, books.events) << "seed " << seed;
        EXPECT_EQ(books.alerts, numbers);
    }
}

TEST(Memory, ForgetsTheOldestNotTheUsed) {
    Memory memory(100);
    memory.add("used");
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(memory.knows("used"));
        memory.add(std::to_string(i));
    }
    EXPECT_FALSE(memory.knows("0"));
    for (int i = 950; i < 1000; ++i)
        EXPECT_TRUE(memory.knows(std::to_string(i))) << i;
}

} // namespace
} // namespace ringwall::alerts
