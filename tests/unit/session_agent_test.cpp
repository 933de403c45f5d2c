// The agent's session, input by input.
#include <gtest/gtest.h>

#include "agent/session.h"
#include "control/proto/delta.h"
#include "tests/unit/session_words.h"

namespace ringwall::agent {
namespace {

using namespace std::chrono_literals;
using namespace session_test;

class AgentSession : public ::testing::Test {
  protected:
    static SessionOptions options() {
        SessionOptions out;
        out.identity = "app-uk-1";
        out.verify = pinned;
        return out;
    }

    std::vector<Action> tell(const Input& input) { return session.resume(input, now); }
    std::vector<Action> receive(const v1::ToAgent& message) {
        return tell(input::Received{frame(message)});
    }
    std::vector<Action> tick(Time time) {
        now += time;
        return tell(input::Tick{});
    }

    v1::Hello greet() {
        if (session.state() == SessionState::idle)
            tell(input::Start{});
        return messages(tell(input::Connected{})).at(0).hello();
    }
    std::vector<Action> go_live() {
        greet();
        return welcome();
    }
    std::vector<Action> welcome() {
        v1::ToAgent message;
        message.mutable_welcome()->set_protocol(1);
        message.mutable_welcome()->set_heartbeat_seconds(10);
        message.mutable_welcome()->set_flow_window(2);
        return receive(message);
    }
    void come_back() {
        tell(input::Disconnected{});
        tick(60s);
        go_live();
    }

    static v1::ToAgent snapshot(const v1::Policy& policy, std::uint32_t confirm_within = 0) {
        v1::ToAgent out;
        *out.mutable_policy()->mutable_signed_policy() = sign(policy);
        out.mutable_policy()->set_confirm_within_seconds(confirm_within);
        return out;
    }
    std::vector<Action> enforce(const v1::Policy& policy, std::uint32_t confirm_within = 0) {
        EXPECT_EQ(all<action::ApplyPolicy>(receive(snapshot(policy, confirm_within))).size(), 1U);
        return tell(input::Applied{v1::POLICY, policy.version()});
    }
    static v1::ToAgent confirm(std::uint64_t version) {
        v1::ToAgent out;
        out.mutable_confirm()->set_version(version);
        return out;
    }
    v1::Nack nack(const v1::ToAgent& message) {
        const auto actions = receive(message);
        EXPECT_TRUE(all<action::ApplyPolicy>(actions).empty());
        return messages(actions).at(0).nack();
    }
    std::uint64_t enforced() const {
        return session.policy() ? session.policy()->policy.version() : 0;
    }

    Time now{1000};
    Session session{options(), {}};
    v1::Policy one = policy(1, {"a/one"}), two = policy(2, {"a/one", "a/two"}),
               three = policy(3, {});
};

TEST_F(AgentSession, SaysWhatItHoldsAndAcknowledgesWhatItApplied) {
    EXPECT_EQ(greet().identity(), "app-uk-1");
    tell(input::Disconnected{});
    tick(60s);
    go_live();
    const auto ack = messages(enforce(one)).at(0).ack();
    EXPECT_TRUE(wire::same(ack.held(), wire::holding(one)));
    tell(input::Disconnected{});
    tick(60s);
    EXPECT_TRUE(wire::same(greet().policy(), wire::holding(one)));
}

TEST_F(AgentSession, ADeltaIsCheckedAgainstTheSignatureOfTheWhole) {
    go_live();
    enforce(one);
    v1::ToAgent message;
    *message.mutable_policy_delta() = wire::diff(one, two);
    message.mutable_policy_delta()->set_key_id("key-1");
    EXPECT_EQ(nack(message).reason(), v1::BAD_SIGNATURE);
    message.mutable_policy_delta()->set_signature(sign(two).signature());
    const auto applied = all<action::ApplyPolicy>(receive(message));
    ASSERT_EQ(applied.size(), 1U);
    EXPECT_EQ(applied[0].policy->envelope.SerializeAsString(), sign(two).SerializeAsString());
}

TEST_F(AgentSession, AReplayedOlderPolicyIsRefusedHoweverWellItIsSigned) {
    go_live();
    enforce(one);
    enforce(two);
    const auto refused = nack(snapshot(one));
    EXPECT_EQ(refused.reason(), v1::OLD_VERSION);
    EXPECT_EQ(refused.held().version(), 2U);
    EXPECT_EQ(enforced(), 2U);
    auto other = policy(2, {"a/evil"}); // the same number with other content
    EXPECT_EQ(nack(snapshot(other)).reason(), v1::OLD_VERSION);
}

TEST_F(AgentSession, APolicyOfAnotherKeyIsRefused) {
    go_live();
    auto message = snapshot(one);
    message.mutable_policy()->mutable_signed_policy()->set_key_id("key-2");
    const auto refused = nack(message);
    EXPECT_EQ(refused.reason(), v1::BAD_SIGNATURE);
    EXPECT_NE(refused.sentence().find("key-2"), std::string::npos);
}

TEST_F(AgentSession, WithoutConfirmTheVersionIsLeftInTime) {
    go_live();
    enforce(one);
    enforce(two, 120);
    EXPECT_TRUE(all<action::RollBackTo>(tick(119s)).empty());
    const auto actions = tick(1s);
    const auto back = all<action::RollBackTo>(actions);
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].policy->policy.version(), 1U);
    EXPECT_EQ(back[0].left, 2U);
    EXPECT_EQ(enforced(), 1U);
}

TEST_F(AgentSession, WithoutControllerTheVersionIsLeftInTimeAndTheNextHelloSaysSo) {
    go_live();
    enforce(one);
    enforce(two, 120);
    tell(input::Disconnected{});
    now += 119s;
    EXPECT_EQ(all<action::SetTimer>(tell(input::Applied{v1::POLICY, 9})).size(), 0U);
    now += 1s;
    EXPECT_EQ(all<action::RollBackTo>(tell(input::Tick{})).size(), 1U);
    tell(input::Disconnected{});
    tick(60s);
    const auto hello = greet();
    EXPECT_EQ(hello.policy().version(), 1U);
    EXPECT_EQ(hello.rolled_back(), 2U);
}

TEST_F(AgentSession, WhatChangesBetweenHelloAndWelcomeIsToldAfterwards) {
    go_live();
    enforce(one);
    enforce(two, 65);
    v1::ToAgent late;
    *late.mutable_inventory()->mutable_inventory() = inventory(5, 1);
    EXPECT_EQ(all<action::ApplyInventory>(receive(late)).size(), 1U);
    tell(input::Disconnected{});
    tick(60s);
    EXPECT_TRUE(greet().unconfirmed());
    tell(input::Applied{v1::INVENTORY, 5});
    EXPECT_EQ(all<action::RollBackTo>(tick(5s)).size(), 1U);
    const auto told = messages(welcome());
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].rolled_back().version(), 2U);
    EXPECT_TRUE(told[0].rolled_back().timed_out());
    EXPECT_TRUE(wire::same(told[0].rolled_back().held(), wire::holding(one)));
    EXPECT_EQ(told[1].ack().half(), v1::INVENTORY);
    EXPECT_EQ(told[1].ack().held().version(), 5U);
}

TEST_F(AgentSession, TheDeadlineOutlivesARestartOfTheAgent) {
    SessionStart start;
    start.policy = std::make_shared<HeldPolicy>(HeldPolicy{sign(two), two, wire::holding(two)});
    start.last_confirmed =
        std::make_shared<HeldPolicy>(HeldPolicy{sign(one), one, wire::holding(one)});
    start.confirm_by = now + 5s;
    session = Session(options(), start);
    EXPECT_EQ(all<action::SetTimer>(tell(input::Start{})).at(0).at, now + 5s);
    EXPECT_EQ(all<action::RollBackTo>(tick(5s)).size(), 1U);
}

TEST_F(AgentSession, AConfirmedVersionStays) {
    go_live();
    enforce(one);
    enforce(two, 120);
    EXPECT_TRUE(all<action::Confirmed>(receive(confirm(1))).empty()); // meant another one
    EXPECT_EQ(all<action::Confirmed>(receive(confirm(2))).size(), 1U);
    tick(1h);
    EXPECT_EQ(enforced(), 2U);
}

TEST_F(AgentSession, OfTwoUnconfirmedVersionsBothAreLeft) {
    go_live();
    enforce(one);
    enforce(two, 60);
    enforce(three, 60);
    const auto back = all<action::RollBackTo>(tick(60s));
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].policy->policy.version(), 1U);
}

TEST_F(AgentSession, RollBackAtOnceOnlyWhileTheVersionWaits) {
    v1::ToAgent message;
    message.mutable_roll_back()->set_version(2);
    go_live();
    enforce(one);
    enforce(two, 60);
    const auto actions = receive(message);
    EXPECT_EQ(all<action::RollBackTo>(actions).size(), 1U);
    EXPECT_FALSE(messages(actions).at(0).rolled_back().timed_out());
    enforce(two);
    EXPECT_TRUE(all<action::RollBackTo>(receive(message)).empty());
}

TEST_F(AgentSession, ARefusalOfTheHostIsToldAndNothingChanges) {
    go_live();
    enforce(one);
    receive(snapshot(two));
    const auto told = messages(tell(input::Refused{v1::POLICY, 2, "no room in the maps"})).at(0);
    EXPECT_EQ(told.nack().reason(), v1::REFUSED);
    EXPECT_EQ(told.nack().sentence(), "no room in the maps");
    EXPECT_EQ(told.nack().held().version(), 1U);
}

TEST_F(AgentSession, WhatANewerControllerAddsIsSkippedAndCounted) {
    go_live();
    v1::ToAgent message;
    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(50, "new message");
    EXPECT_TRUE(all<action::Close>(receive(message)).empty());
    EXPECT_EQ(session.stats().unknown_messages, 1U);
    auto newer = snapshot(one);
    newer.mutable_policy()
        ->GetReflection()
        ->MutableUnknownFields(newer.mutable_policy())
        ->AddVarint(60, 1);
    EXPECT_EQ(all<action::ApplyPolicy>(receive(newer)).size(), 1U);
}

TEST_F(AgentSession, FlowsGoOutWithinTheWindowAndAgainAfterACut) {
    auto read = all<action::ReadFlows>(go_live());
    ASSERT_EQ(read.size(), 1U);
    const auto answer = [&](std::uint64_t number) {
        auto flows = batch(number, 1);
        flows.set_first(number);
        flows.set_last(number);
        return tell(input::Flows{number - 1, flows});
    };
    EXPECT_EQ(all<action::ReadFlows>(answer(1)).at(0).after, 1U);
    EXPECT_TRUE(all<action::ReadFlows>(answer(2)).empty()); // the window is full
    v1::ToAgent ack;
    ack.mutable_flow_ack()->set_through(1);
    const auto acked = receive(ack);
    EXPECT_EQ(all<action::ForgetFlows>(acked).at(0).through, 1U);
    EXPECT_EQ(all<action::ReadFlows>(acked).at(0).after, 2U);
    tell(input::Flows{2, std::nullopt});
    tell(input::Disconnected{});
    tick(60s);
    EXPECT_EQ(all<action::ReadFlows>(go_live()).at(0).after, 1U);
}

TEST_F(AgentSession, EveryWaitHasADeadline) {
    tell(input::Start{});
    EXPECT_EQ(all<action::Close>(tick(10s)).size(), 1U); // connecting
    tell(input::Disconnected{});
    tick(60s);
    tell(input::Connected{});
    EXPECT_EQ(all<action::Close>(tick(10s)).size(), 1U); // Hello
    tell(input::Disconnected{});
    tick(60s);
    go_live();
    EXPECT_EQ(messages(tick(10s)).at(0).message_case(), v1::ToController::kHeartbeat);
    tick(10s);
    EXPECT_EQ(all<action::Close>(tick(10s)).size(), 1U); // silence
    EXPECT_NE(session.stats().last_trouble.find("nothing was heard"), std::string::npos);
}

TEST_F(AgentSession, RetriesGrowAndAreSpread) {
    tell(input::Start{});
    Time before{};
    for (int attempt = 0; attempt < 10; ++attempt) {
        const auto delay = all<action::SetTimer>(tell(input::Disconnected{})).at(0).at - now;
        const auto full = std::min<Time>(1s * (1 << attempt), 60s);
        EXPECT_GE(delay, full / 2);
        EXPECT_LE(delay, full);
        EXPECT_NE(delay, before);
        before = delay;
        tick(delay);
        EXPECT_EQ(session.state(), SessionState::connecting);
    }
}

TEST_F(AgentSession, WhoIsSentAwaySoonAfterEachWelcomeComesBackEverMoreSeldom) {
    v1::ToAgent goodbye;
    goodbye.mutable_goodbye()->set_reason(v1::STOPPING);
    v1::ToAgent beat;
    beat.mutable_heartbeat();
    const auto wait = [&] {
        return all<action::SetTimer>(tell(input::Disconnected{})).at(0).at - now;
    };
    for (int attempt = 0; attempt < 5; ++attempt) {
        go_live();
        receive(goodbye);
        const auto delay = wait();
        EXPECT_GE(delay, 1s * (1 << attempt) / 2) << attempt;
        tick(delay);
    }
    go_live();
    for (int i = 0; i < 4; ++i) { // half a minute with the controller
        tick(8s);
        receive(beat);
    }
    receive(goodbye);
    EXPECT_LE(wait(), 1s);
}

TEST_F(AgentSession, ARenewedCertificateEndsTheSessionAndTheNextHelloSaysWhatIsTrusted) {
    SessionStart start;
    start.trust = 1;
    session = Session(options(), start);
    EXPECT_EQ(greet().trust(), 1U);
    const auto actions = tell(input::Renewed{2});
    EXPECT_EQ(messages(actions).at(0).goodbye().reason(), v1::STOPPING);
    EXPECT_EQ(all<action::Close>(actions).size(), 1U);
    tell(input::Disconnected{});
    tick(1s); // not as after a failure
    EXPECT_EQ(session.state(), SessionState::connecting);
    EXPECT_EQ(greet().trust(), 2U);
}

TEST_F(AgentSession, ARenewalWithoutASessionWaitsForItsTurn) {
    go_live();
    tell(input::Disconnected{});
    EXPECT_TRUE(tell(input::Renewed{2}).empty());
    EXPECT_EQ(session.state(), SessionState::waiting);
    tick(60s);
    EXPECT_EQ(greet().trust(), 2U);
    EXPECT_TRUE(tell(input::Stop{"bye"}).size() >= 1);
    EXPECT_TRUE(all<action::Close>(tell(input::Renewed{3})).empty());
}

TEST_F(AgentSession, RevokedItAsksSeldomOnly) {
    go_live();
    v1::ToAgent message;
    message.mutable_goodbye()->set_reason(v1::REVOKED);
    EXPECT_EQ(all<action::Close>(receive(message)).size(), 1U);
    EXPECT_GE(all<action::SetTimer>(tell(input::Disconnected{})).at(0).at, now + 30s);
}

TEST_F(AgentSession, NoiseEndsTheConnectionNotTheAgent) {
    go_live();
    enforce(one);
    const auto closed = tell(input::Received{"HTTP/1.1 400 Bad Request\r\n"});
    EXPECT_EQ(all<action::Close>(closed).size(), 1U);
    come_back();
    EXPECT_EQ(session.state(), SessionState::live);
    EXPECT_EQ(enforced(), 1U);
}

TEST_F(AgentSession, TheNewestReportIsSentAgainOnEachConnection) {
    v1::HostReport report;
    report.set_hostname("app-uk-1");
    EXPECT_TRUE(tell(input::Report{report}).empty());
    EXPECT_EQ(messages(go_live()).at(0).report().hostname(), "app-uk-1");
}

TEST_F(AgentSession, TheNewestImpactIsSentAgainOnEachConnection) {
    v1::Impact impact;
    impact.set_staging(3);
    EXPECT_TRUE(tell(input::Impact{impact}).empty());
    EXPECT_EQ(messages(go_live()).at(0).impact().staging(), 3U);
    impact.set_same(5);
    EXPECT_EQ(messages(tell(input::Impact{impact})).at(0).impact().same(), 5U);
}

} // namespace
} // namespace ringwall::agent
