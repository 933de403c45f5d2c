// Who may be in a handshake.
#include <gtest/gtest.h>

#include "control/server/gate.h"
#include "control/server/peer.h"

namespace ringwall::server {
namespace {

using namespace std::chrono_literals;

class GateTest : public ::testing::Test {
  protected:
    Gate::Ticket enter(const std::string& network) {
        return gate.enter(network, now, [this, network] { dropped.push_back(network); });
    }
    Gate gate{{.in_all = 3, .of_one_network = 2, .patience = 1s}};
    Gate::Instant now{};
    std::vector<std::string> dropped;
};

TEST_F(GateTest, OneNetworkGetsOnlyItsShare) {
    const auto first = enter("192.0.2.1");
    enter("192.0.2.1");
    EXPECT_TRUE(gate.crowded("192.0.2.1"));
    EXPECT_FALSE(gate.crowded("192.0.2.2"));
    gate.leave(first);
    EXPECT_FALSE(gate.crowded("192.0.2.1"));
}

TEST_F(GateTest, TheOldestGivesWayAfterItsTime) {
    enter("a");
    now += 400ms;
    enter("b");
    EXPECT_FALSE(gate.full());
    enter("c");
    EXPECT_TRUE(gate.full());
    EXPECT_EQ(gate.next_drop(), Gate::Instant{} + 1s);
    gate.drop_oldest();
    EXPECT_EQ(dropped, std::vector<std::string>{"a"});
    EXPECT_FALSE(gate.full());
    EXPECT_EQ(gate.next_drop(), Gate::Instant{} + 1400ms);
}

TEST_F(GateTest, WhoWasDroppedMayLeaveOnceMore) {
    const auto first = enter("a");
    gate.drop_oldest();
    enter("a");
    gate.leave(first);
    EXPECT_EQ(gate.inside(), 1U);
    gate.drop_all();
    EXPECT_EQ(gate.inside(), 0U);
    EXPECT_EQ(dropped.size(), 2U);
}

TEST(PeerTest, AnAddressIsShownAndCountedAsWhatItIs) {
    const auto peer = [](const char* text) { return peer_of(boost::asio::ip::make_address(text)); };
    EXPECT_EQ(peer("192.0.2.7").address, "192.0.2.7");
    EXPECT_EQ(peer("::ffff:192.0.2.7").address, "192.0.2.7");
    EXPECT_EQ(peer("::ffff:192.0.2.7").network, "192.0.2.7");
    EXPECT_EQ(peer("2001:db8:1:2:3:4:5:6").address, "2001:db8:1:2:3:4:5:6");
    EXPECT_EQ(peer("2001:db8:1:2:3:4:5:6").network, peer("2001:db8:1:2::9").network);
    EXPECT_NE(peer("2001:db8:1:3::9").network, peer("2001:db8:1:2::9").network);
}

} // namespace
} // namespace ringwall::server
