// Agents' sessions over TLS: the agent's real state machine at one end, the hub at the other.
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "control/proto/frame.h"
#include "tests/unit/server_world.h"
#include "tests/unit/session_words.h"

namespace ringwall::server_test {
namespace {

using namespace std::chrono_literals;
using fleet::AgentState;
using session_test::policy;
using session_test::release;

class ServerAgent : public ::testing::Test {
  protected:
    explicit ServerAgent(const server::ServerOptions& options = server_test::options(),
                         const fleet::SessionOptions& session = {})
        : world(options, {}, session) {
        world.in_server([this] {
            world.hub->add("web-1", {});
            world.hub->add("web-2", {});
            return true;
        });
    }

    AgentState state(const std::string& agent = "web-1") {
        return world.in_server([&] { return *world.hub->state(agent); });
    }
    std::vector<std::string> told() {
        return world.in_server([this] { return world.story.told(); });
    }
    void offer(const std::string& agent, const v1::Policy& policy) {
        world.in_server([&] {
            world.hub->offer_policy(agent, release(policy), 0s);
            return true;
        });
    }
    // The server lets it in no further than this.
    void expect_refused(const pki::TlsSetup& setup, const std::string& why) {
        Client client(world.port(), setup, "ringwall/1");
        EXPECT_EQ(client.hear(), "");
        const auto refusals = world.refusals();
        ASSERT_EQ(refusals.size(), 1U);
        EXPECT_NE(refusals.begin()->find(why), std::string::npos) << *refusals.begin();
        EXPECT_EQ(world.stats().certificates_refused, 1U);
        EXPECT_EQ(told(), std::vector<std::string>{});
    }

    World world;
};

TEST_F(ServerAgent, ASessionFromHelloToAcknowledgement) {
    offer("web-1", policy(1, {"set/one"}));
    TlsAgent web(world, "web-1");
    EXPECT_EQ(web.client.protocol(), "ringwall/1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.policy() == 1; }));
    EXPECT_TRUE(world.becomes([this] { return world.hub->state("web-1")->policy.version() == 1; }));
    EXPECT_EQ(state().peer, "127.0.0.1");
    EXPECT_EQ(state().issuer, world.authority.issuer().subject);
    EXPECT_TRUE(state().live);
    EXPECT_FALSE(state("web-2").live);
    offer("web-1", policy(2, {"set/one", "set/two"}));
    EXPECT_TRUE(web.becomes([&] { return web.agent.policy() == 2; }));
    EXPECT_EQ(world.stats().agents, 1U);
}

TEST_F(ServerAgent, APolicyOfManyMegabytesArrives) {
    std::vector<std::string> rules;
    for (int i = 0; i < 200'000; ++i)
        rules.push_back("a-rule-set-with-a-long-name/rule-" + std::to_string(i));
    const auto large = policy(1, rules);
    EXPECT_GT(large.ByteSizeLong(), 8'000'000U);
    TlsAgent web(world, "web-1");
    offer("web-1", large);
    EXPECT_TRUE(web.becomes([&] { return web.agent.policy() == 1; }));
    EXPECT_TRUE(world.becomes([this] { return world.hub->state("web-1")->policy.version() == 1; }));
}

TEST_F(ServerAgent, AnAgentThatHangsUpIsNoLongerLive) {
    {
        TlsAgent web(world, "web-1");
        EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    }
    EXPECT_TRUE(world.becomes([this] { return !world.hub->state("web-1")->live; }));
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 0; }));
    EXPECT_EQ(state().presence, fleet::Presence::online) << "for now; its time runs";
}

TEST_F(ServerAgent, OfAnotherAuthorityIsRefused) {
    const auto other = pki::test::new_authority();
    expect_refused(world.setup(pki::test::agent(other, "web-1")), "127.0.0.1: ");
}

TEST_F(ServerAgent, AnExpiredCertificateIsRefused) {
    world.in_server([this] { return world.now += 2 * pki::test::day; });
    expect_refused(world.agent("web-1"), "expired");
}

TEST_F(ServerAgent, ASessionEndsWithTheCertificateThatItWasOpenedWith) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    offer("web-1", policy(1, {"set/one"}));
    EXPECT_TRUE(web.becomes([&] { return web.agent.policy() == 1; }));
    EXPECT_EQ(world.stats().agents_expired, 0U);
    world.in_server([this] { return world.now += 2 * pki::test::day; });
    offer("web-1", policy(2, {"set/two"})); // its answer is what the server hears of it
    EXPECT_FALSE(web.becomes([] { return false; }));
    const auto trouble = web.agent.session().stats().last_trouble;
    EXPECT_NE(trouble.find("opened with has expired"), std::string::npos) << trouble;
    EXPECT_EQ(world.stats().agents_expired, 1U);
    Client again(world.port(), world.agent("web-1"), "ringwall/1"); // of two days ago
    EXPECT_EQ(again.hear(), "");
    EXPECT_EQ(world.stats().certificates_refused, 1U);
}

TEST_F(ServerAgent, ARevokedCertificateIsRefused) {
    const auto web = pki::test::agent(world.authority, "web-1");
    world.in_server([&] {
        world.authority.revoke(web.issued.certificate.serial, "stolen", pki::test::noon);
        return true;
    });
    expect_refused(world.setup(web), "revoked");
}

TEST_F(ServerAgent, APersonsCertificateIsNoAgents) {
    const auto alice =
        pki::test::holder(world.authority, {.identity = {pki::Kind::operator_client, "web-1"}});
    expect_refused(world.setup(alice), "operator/web-1");
}

TEST_F(ServerAgent, WithoutACertificateThereIsNoSession) {
    Client bare(world.port(), world.nobody(), "ringwall/1");
    EXPECT_EQ(bare.hear(), "");
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().handshakes_failed == 1; }));
    EXPECT_EQ(world.stats().agents, 0U);
}

TEST_F(ServerAgent, WhomTheHubDoesNotKnowIsToldToPairAgain) {
    {
        TlsAgent stranger(world, "db-1");
        EXPECT_FALSE(stranger.becomes([] { return false; }));
        const auto trouble = stranger.agent.session().stats().last_trouble;
        EXPECT_NE(trouble.find("knows no agent 'db-1'"), std::string::npos) << trouble;
    }
    EXPECT_EQ(world.stats().agents_unknown, 1U);
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 0; }));
}

TEST_F(ServerAgent, ARevocationEndsTheSessionAndTheAgentIsTold) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    world.in_server([this] {
        world.hub->remove("web-1", v1::REVOKED, "its certificate was revoked");
        return true;
    });
    EXPECT_FALSE(web.becomes([] { return false; }));
    EXPECT_NE(web.agent.session().stats().last_trouble.find("was revoked"), std::string::npos);
    EXPECT_TRUE(web.client.ended_well());
}

TEST_F(ServerAgent, AFrameThatIsTooLargeEndsTheSession) {
    {
        Client client(world.port(), world.agent("web-1"), "ringwall/1");
        client.say(std::string("RW\x01\x00\x00\x02\x00\x00", 8)); // 128 KiB before the Hello
        EXPECT_NE(client.hear_all().find("131072"), std::string::npos) << "the Goodbye says why";
    }
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 0; }));
}

TEST_F(ServerAgent, GarbageEndsTheSessionAndNothingElse) {
    TlsAgent other(world, "web-2");
    EXPECT_TRUE(other.becomes([&] { return other.agent.live(); }));
    {
        Client client(world.port(), world.agent("web-1"), "ringwall/1");
        client.say("GET / HTTP/1.1\r\nHost: c\r\n\r\n");
        EXPECT_NE(client.hear_all(), "");
    }
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 1; }));
    offer("web-2", policy(1, {"set/one"}));
    EXPECT_TRUE(other.becomes([&] { return other.agent.policy() == 1; }));
}

TEST_F(ServerAgent, WhatAClosedConnectionStillSendsIsThrownAway) {
    Client client(world.port(), world.agent("web-1"), "ringwall/1");
    client.say("this is no frame");
    const auto before = world.stats().bytes_from_agents;
    while (client.say(std::string(16 * 1024, 'x')) &&
           world.stats().bytes_from_agents < before + 1'000'000) {
    }
    EXPECT_NE(client.hear_all(), "") << "the Goodbye arrives although more was sent";
}

TEST_F(ServerAgent, AHelloThatIsRepeatedByAnotherHostIsRefused) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    Client thief(world.port(), world.agent("web-2"), "ringwall/1");
    thief.say(web.hello);
    const auto goodbye = thief.hear_all();
    EXPECT_NE(goodbye.find("the certificate is that of 'web-2'"), std::string::npos);
    EXPECT_TRUE(state().live);
    EXPECT_FALSE(state("web-2").live);
}

TEST_F(ServerAgent, ItsOwnHelloOnANewConnectionReplacesTheOldOne) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    Client again(world.port(), world.agent("web-1"), "ringwall/1");
    again.say(web.hello);
    EXPECT_NE(again.hear(), "");
    EXPECT_FALSE(web.becomes([] { return false; })) << "one of both lives";
    EXPECT_TRUE(state().live);
    EXPECT_EQ(state().stats.connections, 2U);
}

TEST_F(ServerAgent, ANewCertificateIsShownToWhoComesFromNowOn) {
    TlsAgent before(world, "web-1");
    EXPECT_TRUE(before.becomes([&] { return before.agent.live(); }));
    const auto renewed = pki::test::controller(world.authority);
    EXPECT_TRUE(world.in_server(
        [&] { return world.server->set_identity(world.identity(renewed)).has_value(); }));
    TlsAgent after(world, "web-2");
    EXPECT_TRUE(after.becomes([&] { return after.agent.live(); }));
    EXPECT_NE(before.client.servers_serial(), after.client.servers_serial());
    offer("web-1", policy(1, {"set/one"}));
    EXPECT_TRUE(before.becomes([&] { return before.agent.policy() == 1; }));
    auto mixed = world.identity(renewed);
    mixed.key = world.certificate.key;
    const auto refused = world.in_server([&] { return world.server->set_identity(mixed); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, server::ServerErrc::identity);
}

fleet::SessionOptions impatient() {
    fleet::SessionOptions out;
    out.hello_timeout = 50ms;
    out.silent_after = 200ms;
    out.late_after = 100ms;
    return out;
}

class ServerAgentDeadlines : public ServerAgent {
  protected:
    ServerAgentDeadlines() : ServerAgent(options(), impatient()) {}
};

TEST_F(ServerAgentDeadlines, AConnectionWithoutAHelloIsClosed) {
    Client client(world.port(), world.agent("web-1"), "ringwall/1");
    EXPECT_NE(client.hear_all().find("no Hello came in time"), std::string::npos);
}

TEST_F(ServerAgentDeadlines, AnAgentThatFallsSilentIsLateThenSilentAndCut) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    EXPECT_FALSE(web.becomes([] { return false; }));
    EXPECT_EQ(told(), (std::vector<std::string>{"web-1 greeted", "web-1 online", "web-1 late",
                                                "web-1 silent"}));
}

server::ServerOptions short_queue() {
    auto out = options();
    out.link.waiting_bytes = 15 * 1024 * 1024;
    out.link.write_within = 100ms;
    out.link.bytes_per_second = 1024 * 1024 * 1024;
    return out;
}

class ServerAgentSlow : public ServerAgent {
  protected:
    ServerAgentSlow() : ServerAgent(short_queue()) {}
    static v1::Policy of_megabytes(std::size_t count) {
        return policy(1, {std::string(count * 1024 * 1024, 'x')});
    }
};

TEST_F(ServerAgentSlow, AnAgentThatDoesNotReadIsCut) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    const int size = 4096; // more than this and four megabytes of the sender the kernel keeps not
    setsockopt(web.client.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    offer("web-1", of_megabytes(14));
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 0; }));
    EXPECT_FALSE(state().live);
}

TEST_F(ServerAgentSlow, WhatWaitsForOneAgentIsBounded) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    offer("web-1", of_megabytes(15)); // and its frame
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().agents == 0; }));
}

} // namespace
} // namespace ringwall::server_test
