#include <gtest/gtest.h>

#include "control/api/rate.h"

namespace ringwall::api {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, GivesTheBurstThenTheRate) {
    RateLimiter limiter({.per_second = 2, .burst = 3});
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(limiter.take("a", 0ms));
    EXPECT_EQ(limiter.take("a", 0ms), 1s);
    EXPECT_FALSE(limiter.take("a", 500ms));
    EXPECT_TRUE(limiter.take("a", 500ms));
    EXPECT_FALSE(limiter.take("b", 500ms)) << "everybody has a bucket of his own";
}

TEST(RateLimiter, SaysHowLongToWait) {
    RateLimiter limiter({.per_second = 0.1, .burst = 1});
    EXPECT_FALSE(limiter.take("a", 0ms));
    EXPECT_EQ(limiter.take("a", 0ms), 10s);
    EXPECT_EQ(limiter.wait("a", 5000ms), 5s);
    EXPECT_FALSE(limiter.wait("a", 10'000ms));
    EXPECT_FALSE(limiter.take("a", 10'000ms));
}

TEST(RateLimiter, NeverHoldsMoreThanTheBurst) {
    RateLimiter limiter({.per_second = 100, .burst = 2});
    EXPECT_FALSE(limiter.take("a", 0ms));
    EXPECT_FALSE(limiter.take("a", 3'600'000ms));
    EXPECT_FALSE(limiter.take("a", 3'600'000ms));
    EXPECT_TRUE(limiter.take("a", 3'600'000ms));
}

TEST(RateLimiter, KeepsABoundedNumberOfNames) {
    RateLimiter limiter({.per_second = 1, .burst = 1}, 10);
    for (int i = 0; i < 1000; ++i)
        EXPECT_FALSE(limiter.take("name " + std::to_string(i), 0ms));
    EXPECT_TRUE(limiter.take("name 999", 0ms)) << "the newest is still known";
}

} // namespace
} // namespace ringwall::api
