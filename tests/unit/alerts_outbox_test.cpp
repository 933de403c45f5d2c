// What waits for a sink, and how long a failing one is left alone.
#include <gtest/gtest.h>

#include "control/alerts/outbox.h"

namespace ringwall::alerts {
namespace {

using namespace std::chrono_literals;

AlertRef alert(std::uint64_t number) {
    return std::make_shared<const Alert>(Alert{.number = number});
}

std::uint64_t next(const Outbox& outbox) {
    return outbox.next() ? outbox.next()->number : 0;
}

TEST(Outbox, KeepsOrderAndForgetsWhatArrived) {
    Outbox outbox(10);
    for (std::uint64_t n = 1; n <= 3; ++n)
        outbox.offer(alert(n));
    EXPECT_EQ(next(outbox), 1U);
    outbox.sent(10ms);
    outbox.sent(20ms);
    EXPECT_EQ(next(outbox), 3U);
    EXPECT_EQ(outbox.oldest_sent(), 10ms);
    outbox.arrived(9ms);
    EXPECT_EQ(outbox.size(), 3U);
    outbox.arrived(10ms);
    EXPECT_EQ(outbox.delivered(), 1U);
    EXPECT_EQ(outbox.oldest_sent(), 20ms);
}

TEST(Outbox, SendsAgainWhatWasOnItsWay) {
    Outbox outbox(10);
    for (std::uint64_t n = 1; n <= 3; ++n)
        outbox.offer(alert(n));
    outbox.sent(1ms);
    outbox.arrived(1ms);
    outbox.sent(2ms);
    outbox.rewind();
    EXPECT_EQ(next(outbox), 2U);
    EXPECT_EQ(outbox.oldest_sent(), std::nullopt);
    outbox.arrived(100ms);
    EXPECT_EQ(outbox.delivered(), 1U);
}

TEST(Outbox, RecallsWhatOnlySeemedToHaveArrived) {
    Outbox outbox(4);
    for (std::uint64_t n = 1; n <= 4; ++n) {
        outbox.offer(alert(n));
        outbox.sent(std::chrono::milliseconds(n));
    }
    outbox.arrived(3ms);
    outbox.forget(1ms);
    outbox.offer(alert(5));
    EXPECT_EQ(outbox.delivered(), 3U);
    outbox.recall();
    EXPECT_EQ(outbox.repeated(), 3U); // 2, 3 and 4
    for (std::uint64_t n = 2; n <= 5; ++n) {
        EXPECT_EQ(next(outbox), n);
        outbox.sent(9ms);
    }
    outbox.arrived(9ms);
    outbox.offer(alert(6));
    outbox.recall();
    EXPECT_EQ(next(outbox), 3U) << "as many of the newest as there is room for";
    EXPECT_EQ(outbox.size(), 4U);
}

TEST(Outbox, DropsTheOldestAndCountsIt) {
    Outbox outbox(2);
    outbox.offer(alert(1));
    outbox.sent(1ms);
    for (std::uint64_t n = 2; n <= 4; ++n)
        outbox.offer(alert(n));
    EXPECT_EQ(outbox.dropped(), 2U);
    EXPECT_EQ(next(outbox), 3U);
    outbox.arrived(1ms); // of the first, which is gone
    EXPECT_EQ(outbox.delivered(), 0U);
    EXPECT_EQ(outbox.size(), 2U);
}

TEST(Outbox, LetsGoWhatIsRefused) {
    Outbox outbox(2);
    outbox.offer(alert(1));
    outbox.refused(); // not sent: nothing to refuse
    EXPECT_EQ(outbox.size(), 1U);
    outbox.sent(1ms);
    outbox.refused();
    EXPECT_TRUE(outbox.empty());
    EXPECT_EQ(outbox.dropped(), 1U);
}

TEST(Backoff, DoublesUpToItsEndAndBeginsAnew) {
    Backoff backoff(100ms, 1s);
    EXPECT_EQ(backoff.next(0), 50ms);
    EXPECT_EQ(backoff.next(1), 200ms);
    EXPECT_EQ(backoff.next(0.5), 300ms);
    EXPECT_EQ(backoff.next(1), 800ms);
    EXPECT_EQ(backoff.next(1), 1s);
    EXPECT_EQ(backoff.next(1), 1s);
    backoff.reset();
    EXPECT_EQ(backoff.next(1), 100ms);
}

} // namespace
} // namespace ringwall::alerts
