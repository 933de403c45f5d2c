// The controller's session with one agent, input by input.
#include <gtest/gtest.h>

#include "control/fleet/session.h"
#include "control/proto/delta.h"
#include "tests/unit/session_words.h"

namespace ringwall::fleet {
namespace {

using namespace std::chrono_literals;
using namespace session_test;

class ControllerSession : public ::testing::Test {
  protected:
    static SessionOptions options() {
        SessionOptions out;
        out.identity = "app-uk-1";
        out.flow_window = 2;
        out.max_commands = 2;
        return out;
    }
    static v1::Hello hello(std::uint64_t epoch = 1, const char* boot_id = "boot") {
        v1::Hello out;
        out.set_protocol_min(1);
        out.set_protocol_max(3);
        out.set_identity("app-uk-1");
        out.set_boot_id(boot_id);
        out.set_epoch(epoch);
        out.set_flow_stream(7);
        return out;
    }

    std::vector<Action> tell(const Input& input) { return session.resume(input, now); }
    std::vector<Action> receive(const v1::ToController& message, ConnectionId connection = 1) {
        return tell(input::Received{connection, frame(message)});
    }
    std::vector<Action> tick(Time time) {
        now += time;
        return tell(input::Tick{});
    }
    std::vector<Action> greet(const v1::Hello& hello, ConnectionId connection = 1) {
        tell(input::Connected{connection});
        v1::ToController message;
        *message.mutable_hello() = hello;
        return receive(message, connection);
    }
    v1::ToAgent offer(const v1::Policy& policy, std::chrono::seconds confirm_within = 0s) {
        const auto sent = messages(tell(input::OfferPolicy{release(policy), confirm_within}));
        return sent.empty() ? v1::ToAgent{} : sent.at(0);
    }
    std::vector<Action> ack(const v1::Policy& policy) {
        v1::ToController message;
        message.mutable_ack()->set_half(v1::POLICY);
        *message.mutable_ack()->mutable_held() = wire::holding(policy);
        return receive(message);
    }
    std::vector<Action> acknowledge(const v1::Inventory& inventory) {
        v1::ToController message;
        message.mutable_ack()->set_half(v1::INVENTORY);
        *message.mutable_ack()->mutable_held() = wire::holding(inventory);
        return receive(message);
    }
    std::vector<Action> nack(const v1::Policy& refused, v1::NackReason reason,
                             const v1::Holding& held) {
        v1::ToController message;
        message.mutable_nack()->set_half(v1::POLICY);
        message.mutable_nack()->set_version(refused.version());
        message.mutable_nack()->set_reason(reason);
        *message.mutable_nack()->mutable_held() = held;
        return receive(message);
    }
    std::vector<Action> send_flows(std::uint64_t first, std::uint64_t last) {
        v1::ToController message;
        *message.mutable_flows() = batch(first, last - first + 1);
        message.mutable_flows()->set_first(first);
        message.mutable_flows()->set_last(last);
        return receive(message);
    }
    // What the last Goodbye says.
    static v1::GoodbyeReason goodbye(const std::vector<Action>& actions) {
        const auto sent = messages(actions);
        return sent.empty() ? v1::GOODBYE_REASON_UNSPECIFIED : sent.back().goodbye().reason();
    }

    Time now{1000};
    Session session{options(), {}};
    v1::Policy one = many_rules(1), two = many_rules(2), three = many_rules(3);

    static v1::Policy many_rules(std::uint64_t version) {
        std::vector<std::string> ids;
        for (std::uint64_t i = 0; i < 20 + version; ++i)
            ids.push_back("set/rule-" + std::to_string(i));
        return policy(version, ids);
    }
};

TEST_F(ControllerSession, AFreshAgentGetsSnapshotsThenDeltas) {
    offer(one);
    const auto sent = messages(greet(hello()));
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].welcome().protocol(), 1U);
    EXPECT_EQ(sent[1].policy().signed_policy().SerializeAsString(), sign(one).SerializeAsString());
    ack(one);
    const auto delta = offer(two);
    ASSERT_TRUE(delta.has_policy_delta());
    const auto result = wire::apply(delta.policy_delta(), one, wire::holding(one));
    EXPECT_EQ(result.value().content, wire::canonical(two));
    EXPECT_EQ(delta.policy_delta().signature(), sign(two).signature());
}

TEST_F(ControllerSession, AnAgentThatComesBackCatchesUpWithOneDelta) {
    offer(one);
    offer(two);
    offer(three);
    auto known = hello();
    *known.mutable_policy() = wire::holding(one);
    const auto sent = messages(greet(known));
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].policy_delta().target().version(), 3U);
}

TEST_F(ControllerSession, WhatTheAgentHoldsOfAnotherContentIsReplacedWhole) {
    offer(one);
    offer(two);
    auto drifted = hello();
    *drifted.mutable_policy() = wire::holding(one);
    drifted.mutable_policy()->set_hash("something else");
    EXPECT_TRUE(messages(greet(drifted)).at(1).has_policy());
}

TEST_F(ControllerSession, WhileOneVersionIsOutstandingOnlyTheNewestWaits) {
    greet(hello());
    EXPECT_TRUE(offer(one).has_policy());
    EXPECT_EQ(offer(two).message_case(), v1::ToAgent::MESSAGE_NOT_SET);
    EXPECT_EQ(offer(three).message_case(), v1::ToAgent::MESSAGE_NOT_SET);
    const auto sent = messages(ack(one));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].policy_delta().target().version(), 3U);
    EXPECT_TRUE(messages(ack(three)).empty());
}

TEST_F(ControllerSession, ARefusedVersionIsNotSentAgainAndTheLastGoodOneIsKnown) {
    greet(hello());
    offer(one);
    ack(one);
    offer(two);
    const auto told = all<action::Nacked>(nack(two, v1::REFUSED, wire::holding(one)));
    EXPECT_EQ(told.at(0).nack.version(), 2U);
    EXPECT_EQ(session.held(v1::POLICY).version(), 1U);
    tell(input::Disconnected{1});
    auto again = hello();
    *again.mutable_policy() = wire::holding(one);
    EXPECT_EQ(messages(greet(again, 2)).size(), 1U); // Welcome
    tell(input::Disconnected{2});
    offer(three);
    EXPECT_EQ(messages(greet(again, 3)).at(1).policy_delta().target().version(), 3U);
}

TEST_F(ControllerSession, ADeltaThatDidNotFitIsFollowedByASnapshotOnce) {
    greet(hello());
    offer(one);
    ack(one);
    offer(two);
    const auto sent = messages(nack(two, v1::DRIFT, wire::holding(one)));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].has_policy());
    EXPECT_TRUE(messages(nack(two, v1::DRIFT, wire::holding(one))).empty());
}

TEST_F(ControllerSession, ConfirmReachesAnAgentThatWasAwayToo) {
    greet(hello());
    EXPECT_EQ(offer(one, 120s).policy().confirm_within_seconds(), 120U);
    ack(one);
    tell(input::Disconnected{1});
    EXPECT_TRUE(tell(input::Confirm{1}).empty());
    auto waiting = hello();
    *waiting.mutable_policy() = wire::holding(one);
    waiting.set_unconfirmed(true);
    EXPECT_EQ(messages(greet(waiting, 2)).at(1).confirm().version(), 1U);
}

TEST_F(ControllerSession, AVersionThatTheAgentLeftComesBackOnlyWhenConfirmed) {
    offer(one);
    offer(two, 120s);
    auto left = hello();
    *left.mutable_policy() = wire::holding(one);
    left.set_rolled_back(2);
    EXPECT_EQ(messages(greet(left)).size(), 1U); // Welcome
    const auto sent = messages(tell(input::Confirm{2}));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].policy_delta().target().version(), 2U);
    EXPECT_EQ(sent[0].policy_delta().confirm_within_seconds(), 0U);
}

TEST_F(ControllerSession, AWithdrawnVersionIsLeftAtOnce) {
    greet(hello());
    offer(one);
    ack(one);
    offer(two, 120s);
    EXPECT_TRUE(messages(tell(input::RollBack{2})).empty()); // not applied yet
    EXPECT_EQ(messages(ack(two)).at(0).roll_back().version(), 2U);
    v1::ToController message;
    message.mutable_rolled_back()->set_version(2);
    *message.mutable_rolled_back()->mutable_held() = wire::holding(one);
    const auto actions = receive(message);
    EXPECT_EQ(all<action::RolledBack>(actions).size(), 1U);
    EXPECT_TRUE(messages(actions).empty());
}

TEST_F(ControllerSession, AnAgentAheadOfARestoredStoreIsReported) {
    offer(one);
    auto ahead = hello();
    *ahead.mutable_policy() = wire::holding(three);
    const auto actions = greet(ahead);
    EXPECT_EQ(all<action::Ahead>(actions).at(0).held.version(), 3U);
    EXPECT_EQ(messages(actions).size(), 1U); // Welcome
}

// It came before the last session broke, and was applied after this one had begun.
TEST_F(ControllerSession, AnAgentThatAppliesANewerPolicyOfAnEarlierSessionIsReported) {
    offer(one);
    auto present = hello();
    *present.mutable_policy() = wire::holding(one);
    greet(present);
    EXPECT_EQ(all<action::Ahead>(ack(two)).at(0).held.version(), 2U);
    EXPECT_NE(offer(three).message_case(), v1::ToAgent::MESSAGE_NOT_SET);
    EXPECT_TRUE(all<action::Ahead>(ack(three)).empty());
}

TEST_F(ControllerSession, WhatWasOfferedBeforeLapsesWhereTheListenerOffersAnew) {
    auto anew = options();
    anew.offers_lapse = true;
    session = Session(anew, {});
    offer(two);
    auto present = hello();
    *present.mutable_policy() = wire::holding(one);
    EXPECT_EQ(messages(greet(present)).size(), 1U) << "Welcome alone";
    EXPECT_NE(offer(three).message_case(), v1::ToAgent::MESSAGE_NOT_SET);
}

TEST_F(ControllerSession, SilenceIsFirstLateThenSilent) {
    const auto present = [](const std::vector<Action>& actions) {
        return all<action::Present>(actions).at(0).presence;
    };
    EXPECT_EQ(session.presence(), Presence::silent);
    EXPECT_EQ(present(greet(hello())), Presence::online);
    EXPECT_EQ(present(tick(25s)), Presence::late);
    v1::ToController beat;
    beat.mutable_heartbeat();
    EXPECT_EQ(present(receive(beat)), Presence::online);
    tick(59s);
    const auto actions = tick(1s);
    EXPECT_EQ(present(actions), Presence::silent);
    EXPECT_EQ(all<action::Close>(actions).size(), 1U);
    EXPECT_FALSE(session.live());
}

TEST_F(ControllerSession, ADisconnectedAgentBecomesSilentToo) {
    greet(hello());
    tell(input::Disconnected{1});
    EXPECT_EQ(all<action::SetTimer>(tick(24s)).size(), 0U);
    EXPECT_EQ(all<action::Present>(tick(1s)).at(0).presence, Presence::late);
    EXPECT_EQ(all<action::Present>(tick(35s)).at(0).presence, Presence::silent);
}

TEST_F(ControllerSession, TheNewerEpochWinsAndTheOlderIsToldSo) {
    greet(hello(1));
    const auto actions = greet(hello(2), 2);
    EXPECT_EQ(all<action::Close>(actions).at(0).connection, 1U);
    EXPECT_EQ(messages(actions).at(0).goodbye().reason(), v1::SUPERSEDED);
    EXPECT_TRUE(session.live());
    const auto late = greet(hello(1), 3);
    EXPECT_EQ(all<action::Close>(late).at(0).connection, 3U);
    EXPECT_EQ(goodbye(late), v1::SUPERSEDED);
}

TEST_F(ControllerSession, AClonedHostIsReportedAndDoesNotPushOutTheFirst) {
    greet(hello(1, "boot-a"));
    const auto actions = greet(hello(1, "boot-b"), 2);
    EXPECT_EQ(all<action::Duplicate>(actions).size(), 1U);
    EXPECT_EQ(all<action::Close>(actions).at(0).connection, 2U);
}

TEST_F(ControllerSession, TheSameAgentMayComeBackBeforeItsOldConnectionIsKnownDead) {
    greet(hello(1));
    EXPECT_EQ(all<action::Close>(greet(hello(1), 2)).at(0).connection, 1U);
    EXPECT_TRUE(session.live());
}

TEST_F(ControllerSession, AHelloInTheNameOfAnotherEnds) {
    auto foreign = hello();
    foreign.set_identity("db-uk-1");
    EXPECT_EQ(goodbye(greet(foreign)), v1::WRONG_IDENTITY);
}

TEST_F(ControllerSession, NoProtocolInCommonEnds) {
    auto newer = hello();
    newer.set_protocol_min(2);
    EXPECT_EQ(goodbye(greet(newer)), v1::UNSUPPORTED_PROTOCOL);
}

TEST_F(ControllerSession, WithoutHelloAConnectionEndsInTime) {
    tell(input::Connected{1});
    EXPECT_EQ(goodbye(tick(10s)), v1::TIMED_OUT);
}

TEST_F(ControllerSession, ManySilentConnectionsOfOneAgentAreNotKept) {
    std::size_t closed = 0;
    for (ConnectionId id = 1; id <= 100; ++id)
        closed += all<action::Close>(tell(input::Connected{id})).size();
    EXPECT_EQ(closed, 98U);
}

TEST_F(ControllerSession, BeforeHelloLargeFramesAreRefused) {
    tell(input::Connected{1});
    v1::ToController message;
    message.mutable_hello()->set_agent_version(std::string(100'000, 'x'));
    EXPECT_EQ(goodbye(receive(message)), v1::PROTOCOL_VIOLATION);
}

// New rules with old identities, or the other way round, would cut what both together allow.
TEST_F(ControllerSession, WhatIsOfferedTogetherGoesOutTogether) {
    greet(hello());
    offer(one); // not answered yet
    const auto here = inventory(2, 2);
    EXPECT_TRUE(messages(tell(input::OfferBoth{release(two), 0s, release(here)})).empty());
    const auto both = messages(ack(one));
    ASSERT_EQ(both.size(), 2U);
    EXPECT_TRUE(both[0].has_policy() || both[0].has_policy_delta());
    EXPECT_TRUE(both[1].has_inventory());

    // Neither does a later inventory go before an earlier policy that waits.
    const auto four = policy(4, {"set/four"});
    ack(two);
    acknowledge(here);
    offer(three);
    offer(four);
    EXPECT_TRUE(messages(tell(input::OfferInventory{release(inventory(5, 3))})).empty());
    EXPECT_EQ(messages(ack(three)).size(), 2U);
}

TEST_F(ControllerSession, TheOneThatHasToWaitAtTheAgentGoesFirst) {
    greet(hello());
    const auto sent = messages(tell(input::OfferBoth{.policy = release(policy(1, {"set/one"})),
                                                     .inventory = release(inventory(1, 2)),
                                                     .inventory_first = true}));
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_TRUE(sent[0].has_inventory());
}

TEST_F(ControllerSession, AnImpactIsHandedOnAfterHelloOnly) {
    v1::ToController message;
    message.mutable_impact()->set_staging(9);
    tell(input::Connected{1});
    EXPECT_EQ(goodbye(receive(message)), v1::PROTOCOL_VIOLATION);
    greet(hello(), 2);
    const auto actions = receive(message, 2);
    ASSERT_EQ(all<action::ImpactSeen>(actions).size(), 1U);
    EXPECT_EQ(all<action::ImpactSeen>(actions)[0].impact.staging(), 9U);
}

TEST_F(ControllerSession, FlowsAreAcknowledgedWhenStoredAndTakenOnce) {
    greet(hello());
    EXPECT_EQ(all<action::StoreFlows>(send_flows(1, 5)).size(), 1U);
    EXPECT_TRUE(send_flows(1, 5).empty()); // being stored
    EXPECT_EQ(messages(tell(input::FlowsStored{7, 5})).at(0).flow_ack().through(), 5U);
    EXPECT_EQ(messages(send_flows(1, 5)).at(0).flow_ack().through(), 5U);
    tell(input::Disconnected{1});
    EXPECT_EQ(messages(greet(hello(2), 2)).at(0).welcome().flows_through(), 5U);
    EXPECT_EQ(session.stats().flow_summaries, 5U);
}

TEST_F(ControllerSession, LostAndFoldedFlowsAreCounted) {
    greet(hello());
    send_flows(1, 5);
    v1::ToController message;
    *message.mutable_flows() = batch(8, 2);
    message.mutable_flows()->set_first(8);
    message.mutable_flows()->set_last(12);
    EXPECT_EQ(all<action::StoreFlows>(receive(message)).at(0).lost, 2U);
    EXPECT_EQ(session.stats().flows_folded, 3U);
    EXPECT_EQ(session.stats().flows_lost, 2U);
}

TEST_F(ControllerSession, AnAgentOverItsWindowEnds) {
    greet(hello());
    send_flows(1, 1);
    send_flows(2, 2);
    EXPECT_EQ(goodbye(send_flows(3, 3)), v1::PROTOCOL_VIOLATION);
}

TEST_F(ControllerSession, WhatCouldNotBeStoredIsTakenAgain) {
    greet(hello());
    send_flows(1, 5);
    EXPECT_EQ(goodbye(tell(input::FlowsFailed{"the disk is full"})), v1::STOPPING);
    tell(input::Disconnected{1});
    greet(hello(2), 1);
    EXPECT_EQ(all<action::StoreFlows>(send_flows(1, 5)).size(), 1U);
}

TEST_F(ControllerSession, ANewStreamStartsAnew) {
    greet(hello());
    send_flows(1, 5);
    tell(input::FlowsStored{7, 5});
    tell(input::Disconnected{1});
    auto wiped = hello(2);
    wiped.set_flow_stream(8);
    EXPECT_EQ(messages(greet(wiped)).at(0).welcome().flows_through(), 0U);
    EXPECT_EQ(all<action::StoreFlows>(send_flows(1, 3)).size(), 1U);
}

TEST_F(ControllerSession, CommandsAreAnsweredOrTheirFailureIs) {
    v1::Command command;
    const auto failed = [](const std::vector<Action>& actions) {
        return all<action::CommandDone>(actions).at(0).result.sentence();
    };
    EXPECT_NE(failed(tell(input::SendCommand{command})).find("not connected"), std::string::npos);
    greet(hello());
    for (std::uint64_t id = 1; id <= 3; ++id) {
        command.set_id(id);
        command.mutable_pause()->set_seconds(60);
        const auto actions = tell(input::SendCommand{command});
        EXPECT_EQ(all<action::CommandDone>(actions).size(), id == 3 ? 1U : 0U);
    }
    v1::ToController done;
    done.mutable_command_result()->set_id(1);
    done.mutable_command_result()->set_ok(true);
    EXPECT_TRUE(all<action::CommandDone>(receive(done)).at(0).result.ok());
    EXPECT_TRUE(receive(done).empty()); // a second answer
    EXPECT_NE(failed(tell(input::Disconnected{1})).find("lost"), std::string::npos);
}

TEST_F(ControllerSession, WhoeverWaitsForAnAnswerWaitsFiveSeconds) {
    greet(hello());
    v1::Command question, command;
    question.set_id(1);
    question.mutable_find_cuts();
    command.set_id(2);
    command.mutable_sysdump();
    tell(input::SendCommand{question});
    tell(input::SendCommand{command});
    EXPECT_TRUE(all<action::CommandDone>(tick(4999ms)).empty());
    const auto late = all<action::CommandDone>(tick(1ms));
    ASSERT_EQ(late.size(), 1U);
    EXPECT_EQ(late.at(0).result.id(), 1U);
    EXPECT_NE(late.at(0).result.sentence().find("did not answer in time"), std::string::npos);
    EXPECT_TRUE(session.live());
}

TEST_F(ControllerSession, RevocationEndsTheSession) {
    greet(hello());
    EXPECT_EQ(goodbye(tell(input::End{v1::REVOKED, "the certificate was revoked"})), v1::REVOKED);
    EXPECT_FALSE(session.live());
}

TEST_F(ControllerSession, WhatANewerAgentAddsIsSkippedAndCounted) {
    auto newer = hello();
    newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(70, 1);
    greet(newer);
    v1::ToController message;
    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(50, "new message");
    EXPECT_TRUE(all<action::Close>(receive(message)).empty());
    EXPECT_EQ(session.stats().unknown_messages, 1U);
}

TEST_F(ControllerSession, WhatIsLargerThanAFrameIsReportedNotSent) {
    greet(hello());
    auto large = policy(1, {"a/b"});
    large.set_note(std::string(17 * 1024 * 1024, 'x'));
    const auto actions = tell(input::OfferPolicy{release(large), 0s});
    EXPECT_TRUE(messages(actions).empty());
    EXPECT_EQ(all<action::Nacked>(actions).at(0).nack.version(), 1U);
}

} // namespace
} // namespace ringwall::fleet
