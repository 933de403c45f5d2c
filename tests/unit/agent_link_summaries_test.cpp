// Flow records folded into summaries: each connection counted once, each byte once.
#include "agent/summaries.h"

#include <gtest/gtest.h>

#include "tests/unit/flows_fixture.h"

namespace ringwall::agent {
namespace {

using loader::Direction;
using loader::Event;
using loader::EventKind;
using loader::Verdict;
using testing::address;
using namespace std::chrono_literals;

constexpr std::uint64_t began = 1'000'000'000; // of this agent, monotonic

class SummariesTest : public ::testing::Test {
  protected:
    Event connection(std::uint16_t client_port, EventKind kind, std::uint64_t bytes = 0) const {
        Event event;
        event.kind = kind;
        event.verdict = Verdict::allowed;
        event.direction = Direction::inbound;
        event.protocol = 6;
        event.time_ns = began + 5;
        event.started_ns = began + 1;
        event.cookie = client_port;
        event.local = address("10.0.1.5");
        event.local_port = 8080;
        event.peer = address("10.0.0.1");
        event.peer_port = client_port;
        event.in_bytes = bytes;
        event.in_packets = static_cast<std::uint32_t>(bytes / 100);
        event.pid = 7;
        event.exe = 9;
        event.subject = 1;
        return event;
    }
    Event deny(std::uint32_t count) const {
        auto event = connection(0, EventKind::deny);
        event.verdict = Verdict::blocked;
        event.reason = 2;
        event.count = count;
        return event;
    }
    void see(const Event& event, Summaries::Time now = 0s) {
        summaries.add(flows.observe(event, world, 0), now);
    }
    std::vector<v1::FlowSummary> take(Summaries::Time now, bool all = false) {
        std::vector<v1::FlowSummary> out;
        for (const auto& batch : summaries.take(now, all))
            out.insert(out.end(), batch.summaries().begin(), batch.summaries().end());
        return out;
    }

    testing::World world;
    FlowTable flows{64};
    Summaries summaries{{}, began};
};

TEST_F(SummariesTest, ConnectionsOfOneClientToOneServiceAreOne) {
    for (std::uint16_t port = 40'000; port < 40'010; ++port)
        see(connection(port, EventKind::end, 100));
    const auto out = take(1s);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 10u);
    EXPECT_EQ(out[0].bytes_received(), 1000u);
    EXPECT_EQ(out[0].packets_received(), 10u);
    EXPECT_EQ(out[0].subject(), "app-uk-1");
    EXPECT_EQ(out[0].port(), 8080u);
    EXPECT_EQ(out[0].protocol(), 6u);
    EXPECT_EQ(out[0].direction(), v1::INBOUND);
    EXPECT_EQ(out[0].verdict(), v1::ALLOWED);
    EXPECT_EQ(out[0].peer(), std::string("\x0a\0\0\x01", 4));
    EXPECT_EQ(out[0].local(), std::string("\x0a\0\x01\x05", 4));
    EXPECT_EQ(out[0].peer_lists(0), "internal");
    EXPECT_LE(out[0].first_ns(), out[0].last_ns());
}

TEST_F(SummariesTest, ServicesPeersAndVerdictsAreKeptApart) {
    see(connection(40'000, EventKind::end));
    auto other = connection(40'001, EventKind::end);
    other.local_port = 8443;
    see(other);
    other = connection(40'002, EventKind::end);
    other.peer = address("10.0.0.2");
    see(other);
    other = connection(40'003, EventKind::end);
    other.verdict = Verdict::would_block;
    see(other);
    EXPECT_EQ(take(1s).size(), 4u);
}

TEST_F(SummariesTest, ALongConnectionIsCountedOnceAndEachByteOnce) {
    see(connection(40'000, EventKind::start, 100));
    see(connection(40'000, EventKind::update, 250));
    see(connection(40'000, EventKind::update, 250));
    auto out = take(0s, true);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 1u);
    EXPECT_EQ(out[0].bytes_received(), 250u);
    see(connection(40'000, EventKind::end, 1000));
    out = take(0s, true);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 0u);
    EXPECT_EQ(out[0].bytes_received(), 750u);
}

TEST_F(SummariesTest, HowConnectionsFailedIsCounted) {
    auto end = connection(40'000, EventKind::end);
    end.tcp_state = 1; // established
    end.error = ECONNRESET;
    see(end);
    see(connection(40'001, EventKind::start));
    end.cookie = end.peer_port = 40'001;
    see(end);
    end.cookie = end.peer_port = 40'002;
    end.tcp_state = 6; // time-wait
    end.error = 0;
    see(end);
    const auto out = take(0s, true);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 3u);
    EXPECT_EQ(out[0].reset(), 2u);
    EXPECT_EQ(out[0].refused(), 0u);
    EXPECT_EQ(out[0].timed_out(), 0u);
}

TEST_F(SummariesTest, AlsoWhenTheFlowTableHasForgottenIt) {
    see(connection(40'000, EventKind::start, 100));
    for (std::uint16_t port = 50'000; port < 50'100; ++port) // more than the table keeps
        see(connection(port, EventKind::end));
    see(connection(40'000, EventKind::update, 300));
    see(connection(40'000, EventKind::end, 400));
    const auto out = take(0s, true);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 101u);
    EXPECT_EQ(out[0].bytes_received(), 400u);
}

TEST_F(SummariesTest, OfAFlowOlderThanTheAgentOnlyWhatIsNewCounts) {
    auto old = connection(40'000, EventKind::update, 5000);
    old.started_ns = began - 1;
    see(old);
    old.in_bytes = 5100;
    see(old);
    const auto out = take(0s, true);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 1u);
    EXPECT_EQ(out[0].bytes_received(), 100u);
}

TEST_F(SummariesTest, FoldedDeniesCountAsManyAsTheyStandFor) {
    see(deny(1));
    see(deny(41));
    const auto out = take(1s);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].count(), 42u);
    EXPECT_EQ(out[0].verdict(), v1::BLOCKED);
}

TEST_F(SummariesTest, DeniesAndNewsLeaveAtOnceTheRestInFiveSeconds) {
    see(connection(40'000, EventKind::end), 0s);
    EXPECT_TRUE(take(299ms).empty());
    EXPECT_EQ(take(300ms).size(), 1u) << "never seen before";
    see(connection(40'001, EventKind::end), 2s);
    see(deny(1), 2s);
    auto out = take(3s);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].verdict(), v1::BLOCKED);
    see(connection(40'002, EventKind::end), 6s);
    EXPECT_TRUE(take(6s).empty());
    out = take(7s);
    ASSERT_EQ(out.size(), 1u) << "five seconds after the first";
    EXPECT_EQ(out[0].count(), 2u);
    see(deny(1), 8s);
    EXPECT_EQ(take(9s).size(), 1u) << "a known deny, too";
}

TEST_F(SummariesTest, BatchesAreBounded) {
    Summaries small({.batch_summaries = 3}, began);
    for (std::uint16_t port = 1; port < 8; ++port) {
        auto event = connection(40'000, EventKind::end);
        event.local_port = port;
        event.cookie = port;
        small.add(flows.observe(event, world, 0), 0s);
    }
    const auto batches = small.take(1s);
    ASSERT_EQ(batches.size(), 3u);
    EXPECT_EQ(batches[0].summaries_size(), 3);
    EXPECT_EQ(small.stats().summaries, 7u);
}

TEST_F(SummariesTest, WhatThereIsNoRoomForIsCounted) {
    Summaries small({.most_open = 2}, began);
    for (std::uint16_t port = 1; port < 8; ++port) {
        auto event = connection(40'000, EventKind::end);
        event.local_port = port;
        small.add(flows.observe(event, world, 0), 0s);
    }
    EXPECT_EQ(small.open(), 2u);
    EXPECT_EQ(small.stats().lost, 5u);
    EXPECT_EQ(small.stats().records, 7u);
}

TEST_F(SummariesTest, AFlowThatThereIsNoRoomToFollowIsCountedAtItsEnd) {
    Summaries small({.most_live = 1}, began);
    const auto add = [&](const Event& event) { small.add(flows.observe(event, world, 0), 0s); };
    add(connection(40'000, EventKind::start, 10));
    add(connection(40'001, EventKind::start, 10));
    add(connection(40'001, EventKind::update, 20));
    add(connection(40'001, EventKind::end, 30));
    const auto batches = small.take(0s, true);
    ASSERT_EQ(batches.size(), 1u);
    EXPECT_EQ(batches[0].summaries(0).count(), 2u);
    EXPECT_EQ(batches[0].summaries(0).bytes_received(), 40u);
}

TEST(FoldingBatches, EqualSummariesBecomeOne) {
    v1::FlowSummary one;
    one.set_subject("app-uk-1");
    one.set_port(8080);
    one.set_first_ns(10);
    one.set_last_ns(20);
    one.set_count(3);
    one.set_bytes_sent(100);
    one.set_rtt_us(7);
    one.set_refused(1);
    one.set_reset(2);
    auto later = one, other = one;
    later.set_first_ns(30);
    later.set_last_ns(40);
    later.set_rtt_us(9);
    later.set_reset(0);
    later.set_timed_out(4);
    other.set_port(8443);
    v1::FlowBatch older, newer;
    *older.add_summaries() = one;
    *newer.add_summaries() = other;
    *newer.add_summaries() = later;
    const auto both = fold(older, newer);
    ASSERT_EQ(both.summaries_size(), 2);
    EXPECT_EQ(both.summaries(0).count(), 6u);
    EXPECT_EQ(both.summaries(0).first_ns(), 10);
    EXPECT_EQ(both.summaries(0).last_ns(), 40);
    EXPECT_EQ(both.summaries(0).bytes_sent(), 200u);
    EXPECT_EQ(both.summaries(0).rtt_us(), 9u);
    EXPECT_EQ(both.summaries(0).refused(), 2u);
    EXPECT_EQ(both.summaries(0).timed_out(), 4u);
    EXPECT_EQ(both.summaries(0).reset(), 2u);
    EXPECT_EQ(both.summaries(1).port(), 8443u);
}

} // namespace
} // namespace ringwall::agent
