// The fleet's sessions in memory: agents with their real state machine, a hub, and what its
// listener is told.
//
//   TestAgent == bytes == Wire (Output) == Hub == Story (Listener)
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/fleet/hub.h"
#include "control/proto/frame.h"
#include "tests/unit/hub_agent.h"
#include "tests/unit/hub_story.h"
#include "tests/unit/session_words.h"

namespace ringwall::fleet {
namespace {

using namespace std::chrono_literals;
using namespace session_test;

struct Wire : Output {
    void send(std::string sent) override { bytes += sent; }
    void close(const std::string& why) override { closed = why; }
    std::string bytes, closed;
};

class HubTest : public ::testing::Test {
  protected:
    struct Link {
        TestAgent* agent;
        std::string name;
        std::shared_ptr<Wire> wire;
    };

    HubTest() {
        hub.at(now);
        for (const char* agent : {"web-1", "web-2"})
            hub.add(agent, {});
    }

    static SessionOptions options() {
        SessionOptions out;
        out.controller_version = "0.1.0";
        return out;
    }

    // The name is that of the certificate.
    ConnectionId connect(TestAgent& agent, const std::string& certificate = "web-1") {
        const auto wire = std::make_shared<Wire>();
        const auto id = ++last_connection;
        EXPECT_TRUE(hub.connected(certificate, id, fmt::format("192.0.2.{}", id), wire));
        links[id] = {&agent, certificate, wire};
        agent.connected(now);
        carry();
        return id;
    }
    void cut(ConnectionId id) {
        links[id].agent->disconnected(now);
        hub.disconnected(links[id].name, id);
        links.erase(id);
    }

    // Until nobody has anything more to say.
    void carry() {
        for (bool moved = true; std::exchange(moved, false);)
            for (auto& [id, link] : links) {
                const auto up = link.agent->take_output();
                const auto down = std::exchange(link.wire->bytes, {});
                if (!up.empty())
                    hub.received(link.name, id, up);
                if (!down.empty())
                    link.agent->received(down, now);
                moved |= !up.empty() || !down.empty();
            }
    }
    void pass(Time time) {
        now += time;
        hub.at(now);
        carry();
    }
    const AgentState& state(const char* agent = "web-1") { return *hub.state(agent); }

    using Told = std::vector<std::string>;
    Story story;
    Time now{1000};
    Hub hub{options(), story};
    std::map<ConnectionId, Link> links;
    ConnectionId last_connection = 0;
    TestAgent web{"web-1"}, other{"web-2"};
};

TEST_F(HubTest, AnAgentGetsWhatItIsOfferedAndItsStateIsKept) {
    hub.offer_policy("web-1", release(policy(3, {"set/one"})), 0s);
    hub.offer_inventory("web-1", release(inventory(5, 2)));
    EXPECT_FALSE(state().live);
    connect(web);
    EXPECT_EQ(story.told(), (Told{"web-1 greeted", "web-1 online", "web-1 acked policy 3",
                                  "web-1 acked inventory 5"}));
    EXPECT_EQ(web.policy(), 3U);
    EXPECT_TRUE(state().live);
    EXPECT_EQ(state().presence, Presence::online);
    EXPECT_EQ(state().policy.version(), 3U);
    EXPECT_EQ(state().inventory.version(), 5U);
    EXPECT_EQ(state().peer, "192.0.2.1");
    EXPECT_EQ(state().agent_version, "0.1.0");
    EXPECT_EQ(state().boot_id, "boot");
    EXPECT_EQ(state().last_heard, now);
    EXPECT_EQ(state().stats.snapshots, 2U);
    EXPECT_FALSE(state().unconfirmed);
}

TEST_F(HubTest, WhatOneIsOfferedTheOtherDoesNotGet) {
    connect(web);
    connect(other, "web-2");
    hub.offer_policy("web-2", release(policy(1, {"set/one"})), 0s);
    carry();
    EXPECT_EQ(web.policy(), 0U);
    EXPECT_EQ(other.policy(), 1U);
}

TEST_F(HubTest, ARefusalIsRememberedUntilAPolicyIsAccepted) {
    connect(web);
    story.told();
    web.refuses = "no room in the maps";
    hub.offer_policy("web-1", release(policy(1, {"set/one"})), 0s);
    carry();
    EXPECT_EQ(story.told(), Told{"web-1 refused 1: no room in the maps"});
    ASSERT_TRUE(state().refused);
    EXPECT_EQ(state().refused->version(), 1U);
    web.refuses.clear();
    hub.offer_policy("web-1", release(policy(2, {"set/two"})), 0s);
    carry();
    EXPECT_FALSE(state().refused);
    EXPECT_EQ(state().policy.version(), 2U);
    EXPECT_EQ(state().stats.nacks, 1U);
}

TEST_F(HubTest, AVersionWaitsForItsConfirmAndIsFinalThen) {
    connect(web);
    hub.offer_policy("web-1", release(policy(1, {"set/one"})), 60s);
    carry();
    EXPECT_TRUE(state().unconfirmed);
    EXPECT_TRUE(web.session().confirm_by());
    hub.confirm("web-1", 1);
    carry();
    EXPECT_FALSE(state().unconfirmed);
    EXPECT_FALSE(web.session().confirm_by());
}

TEST_F(HubTest, AVersionThatIsTakenBackIsLeftForTheOneBefore) {
    connect(web);
    hub.offer_policy("web-1", release(policy(1, {"set/one"})), 0s);
    carry();
    hub.offer_policy("web-1", release(policy(2, {"set/two"})), 60s);
    carry();
    story.told();
    hub.roll_back("web-1", 2);
    carry();
    EXPECT_EQ(story.told(), Told{"web-1 left 2 for 1"});
    EXPECT_EQ(state().policy.version(), 1U);
    EXPECT_FALSE(state().unconfirmed);
    EXPECT_EQ(web.policy(), 1U);
}

TEST_F(HubTest, AConfirmReachesAnAgentThatComesBackLater) {
    const auto id = connect(web);
    hub.offer_policy("web-1", release(policy(1, {"set/one"})), 60s);
    carry();
    cut(id);
    hub.confirm("web-1", 1);
    EXPECT_TRUE(state().unconfirmed) << "it does not know yet";
    connect(web);
    EXPECT_FALSE(state().unconfirmed);
    EXPECT_FALSE(web.session().confirm_by());
}

TEST_F(HubTest, AnAgentThatFallsSilentIsLateThenSilentThenOnlineAgain) {
    const auto id = connect(web);
    connect(other, "web-2");
    story.told();
    links.erase(id); // its cable is pulled: neither side learns it
    for (int i = 0; i < 24; ++i) {
        pass(1s);
        other.tell(agent::input::Tick{}, now);
    }
    EXPECT_EQ(story.told(), Told{});
    pass(1s);
    EXPECT_EQ(story.told(), Told{"web-1 late"});
    EXPECT_EQ(state().presence, Presence::late);
    for (int i = 0; i < 36; ++i) {
        pass(1s);
        other.tell(agent::input::Tick{}, now);
    }
    EXPECT_EQ(story.told(), Told{"web-1 silent"});
    EXPECT_FALSE(state().live);
    EXPECT_EQ(state("web-2").presence, Presence::online);
    EXPECT_EQ(state().last_heard, Time(1000));
    TestAgent restarted("web-1", 2);
    connect(restarted);
    EXPECT_EQ(story.told(), (Told{"web-1 greeted", "web-1 online"}));
}

TEST_F(HubTest, TheNextDeadlineIsThatOfTheAgentWhoseTimeComesFirst) {
    EXPECT_FALSE(hub.next_deadline());
    connect(web);
    now += 3s;
    hub.at(now);
    connect(other, "web-2");
    EXPECT_EQ(hub.next_deadline(), Time(1000) + 10s) << "web-1's heartbeat";
    hub.remove("web-1", v1::REVOKED, "gone");
    EXPECT_EQ(hub.next_deadline(), Time(1000) + 13s) << "web-2's";
    hub.at(Time(0));
    pass(9s);
    EXPECT_EQ(hub.next_deadline(), Time(1000) + 13s) << "time does not go back";
    pass(1s);
    EXPECT_EQ(hub.next_deadline(), Time(1000) + 23s);
}

TEST_F(HubTest, TwoHostsOfOneIdentityAreReportedAndTheNewerStays) {
    const auto first = connect(web);
    story.told();
    TestAgent clone("web-1", 2, "another boot");
    connect(clone);
    EXPECT_EQ(story.told(), (Told{"web-1 twice", "web-1 greeted"}));
    EXPECT_NE(links[first].wire->closed.find("newer"), std::string::npos);
    EXPECT_TRUE(web.closed());
    EXPECT_TRUE(clone.live());
    EXPECT_EQ(state().boot_id, "another boot");
    EXPECT_EQ(state().peer, "192.0.2.2");
    cut(first);
    EXPECT_TRUE(state().live) << "the end of the old connection is not the new one's";
}

TEST_F(HubTest, ARemovedAgentIsToldAndForgotten) {
    const auto id = connect(web);
    v1::Command pause;
    pause.set_id(4);
    pause.mutable_pause()->set_seconds(60);
    hub.command("web-1", pause);
    story.told();
    hub.remove("web-1", v1::REVOKED, "its certificate was revoked");
    EXPECT_EQ(story.told(), Told{"web-1 command 4: its certificate was revoked"});
    EXPECT_FALSE(hub.knows("web-1"));
    EXPECT_EQ(hub.state("web-1"), nullptr);
    EXPECT_EQ(links[id].wire->closed, "its certificate was revoked");
    const auto watched = std::weak_ptr<Wire>(links[id].wire);
    web.received(links[id].wire->bytes, now);
    EXPECT_NE(web.session().stats().last_trouble.find("revoked"), std::string::npos);
    EXPECT_FALSE(hub.connected("web-1", 99, "192.0.2.9", std::make_shared<Wire>()));
    hub.received("web-1", id, "anything");
    hub.disconnected("web-1", id);
    links.erase(id);
    EXPECT_TRUE(watched.expired()) << "its way out is kept";
    EXPECT_EQ(story.told(), Told{});
}

TEST_F(HubTest, AnAgentAddedAgainStartsFromWhatTheStoreRemembers) {
    hub.remove("web-1", v1::REVOKED, "replaced");
    SessionStart start;
    start.policy.set_version(9);
    hub.add("web-1", start);
    EXPECT_EQ(state().policy.version(), 9U);
    hub.add("web-1", {});
    EXPECT_EQ(state().policy.version(), 9U) << "a known identity keeps what it has";
}

TEST_F(HubTest, FlowsAreStoredOnceAndAcknowledged) {
    auto flows = batch(1, 3);
    flows.set_first(1);
    flows.set_last(3);
    web.batches = {flows};
    connect(web);
    EXPECT_EQ(story.told().back(), "web-1 flows 7: 1-3");
    hub.flows_stored("web-1", 7, 3);
    carry();
    EXPECT_EQ(web.stored, std::vector<std::uint64_t>{3});
    EXPECT_EQ(state().stats.flow_summaries, 3U);
}

TEST_F(HubTest, FlowsThatCannotBeStoredEndTheSessionAndComeAgain) {
    auto flows = batch(1, 1);
    flows.set_first(1);
    flows.set_last(1);
    web.batches = {flows};
    const auto id = connect(web);
    hub.flows_failed("web-1", "the disk is full");
    EXPECT_EQ(links[id].wire->closed, "the disk is full");
    cut(id);
    story.told();
    connect(web);
    EXPECT_EQ(story.told().back(), "web-1 flows 7: 1-1");
}

TEST_F(HubTest, ReportsAndCommandResultsAreHandedOn) {
    connect(web);
    v1::HostReport report;
    report.set_kernel("6.1.0");
    web.tell(agent::input::Report{report}, now);
    v1::Command pause;
    pause.set_id(8);
    hub.command("web-1", pause);
    carry();
    ASSERT_EQ(web.commands.size(), 1U);
    v1::CommandResult result;
    result.set_id(8);
    result.set_sentence("paused for 60 s");
    web.tell(agent::input::CommandDone{result}, now);
    carry();
    EXPECT_EQ(story.told(), (Told{"web-1 greeted", "web-1 online", "web-1 runs 6.1.0",
                                  "web-1 command 8: paused for 60 s"}));
    ASSERT_TRUE(state().report);
    EXPECT_EQ(state().report->kernel(), "6.1.0");
}

TEST_F(HubTest, WhatAStagedDraftWouldChangeIsHandedOnWhateverItsNumber) {
    const auto id = connect(web);
    story.told();
    v1::ToController message;
    message.mutable_impact()->set_staging(7);
    message.mutable_impact()->add_rows();
    hub.received("web-1", id, *wire::encode_frame(message));
    EXPECT_EQ(story.told(), (Told{"web-1 saw 1 rows of staging 7"}));
    EXPECT_EQ(state().stats.unknown_messages, 0U);

    // As long as any other message may be, and no longer.
    const std::string head{'R', 'W', 1, 0, 1, 0, 0, 1};
    static_assert(wire::max_payload_bytes == 0x01000000);
    hub.received("web-1", id, head);
    EXPECT_TRUE(story.told().empty());
    EXPECT_FALSE(links[id].wire->closed.empty());
}

TEST_F(HubTest, AgentsAheadOfEverythingAreReported) {
    hub.offer_policy("web-1", release(policy(5, {"set/one"})), 0s);
    const auto id = connect(web);
    cut(id);
    hub.remove("web-1", v1::STOPPING, "restart from a backup");
    hub.add("web-1", {});
    hub.offer_policy("web-1", release(policy(2, {"set/one"})), 0s);
    story.told();
    connect(web);
    EXPECT_EQ(story.told(), (Told{"web-1 greeted", "web-1 online", "web-1 is ahead in policy: 5"}));
}

TEST_F(HubTest, StoppingSaysGoodbyeToEverybody) {
    connect(web);
    connect(other, "web-2");
    hub.stop("the controller restarts");
    for (const auto& [id, link] : links)
        EXPECT_EQ(link.wire->closed, "the controller restarts");
    carry();
    EXPECT_TRUE(web.closed() && other.closed());
    EXPECT_TRUE(hub.knows("web-1"));
}

TEST_F(HubTest, AListenerMayCallTheHubAndHearsOneThingAtATime) {
    story.then = [&](const std::string& told) {
        if (told == "web-1 greeted")
            hub.offer_policy("web-1", release(policy(1, {"set/one"})), 0s);
        if (told == "web-1 acked policy 1")
            hub.offer_policy("web-2", release(policy(1, {"set/one"})), 0s);
        if (told == "web-2 acked policy 1") {
            hub.at(now + 1s);
            hub.remove("web-1", v1::REVOKED, "enough");
            EXPECT_FALSE(hub.knows("web-1"));
        }
    };
    connect(other, "web-2");
    const auto id = connect(web);
    EXPECT_EQ(story.told(), (Told{"web-2 greeted", "web-2 online", "web-1 greeted", "web-1 online",
                                  "web-1 acked policy 1", "web-2 acked policy 1"}));
    EXPECT_FALSE(story.nested);
    EXPECT_EQ(links[id].wire->closed, "enough");
}

TEST_F(HubTest, ARemovalInsideATellingIsTheLastThatIsHeardOfTheAgent) {
    story.then = [&](const std::string& told) {
        if (told == "web-1 greeted") {
            hub.remove("web-1", v1::REVOKED, "not you");
            hub.add("web-1", {});
        }
    };
    const auto id = connect(web);
    EXPECT_EQ(story.told(), Told{"web-1 greeted"});
    EXPECT_EQ(links[id].wire->closed, "not you");
    EXPECT_FALSE(state().live) << "the one that was added anew";
    cut(id);
    story.then = {};
    connect(web);
    EXPECT_TRUE(state().live);
}

// The driver may be called back from inside of its own Output, here by a wire without any delay.
class Shortcut : public Output {
  public:
    Shortcut(Hub& hub, TestAgent& agent) : hub_(hub), agent_(agent) {}
    void send(std::string bytes) override {
        agent_.received(bytes, Time(1000));
        hub_.received("web-1", 1, agent_.take_output());
    }
    void close(const std::string&) override { hub_.disconnected("web-1", 1); }

  private:
    Hub& hub_;
    TestAgent& agent_;
};

TEST_F(HubTest, BytesThatArriveWhileOthersAreHandledWaitTheirTurn) {
    hub.offer_policy("web-1", release(policy(1, {"set/one"})), 0s);
    hub.connected("web-1", 1, "192.0.2.1", std::make_shared<Shortcut>(hub, web));
    web.connected(now);
    hub.received("web-1", 1, web.take_output());
    EXPECT_EQ(story.told(), (Told{"web-1 greeted", "web-1 online", "web-1 acked policy 1"}));
    hub.end_session("web-1", v1::STOPPING, "enough");
    EXPECT_FALSE(state().live);
    EXPECT_FALSE(story.nested);
}

} // namespace
} // namespace ringwall::fleet
