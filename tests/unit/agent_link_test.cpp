// The session with the controller over real TLS on loopback: what is enforced, kept and delivered,
// whatever breaks meanwhile.
#include "agent/link.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "agent/host.h"
#include "agent/summaries.h"
#include "tests/unit/agent_link_world.h"

namespace ringwall::agent {
namespace {

using link_test::Controller;
using link_test::inventory;
using link_test::Keys;
using link_test::keys;
using link_test::policy;
using link_test::RecordingHost;
using link_test::until;
using testing::Scratch;
using namespace std::chrono_literals;

v1::FlowBatch flows(std::uint64_t count) {
    v1::FlowBatch out;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto& summary = *out.add_summaries();
        summary.set_count(i + 1);
        summary.set_port(static_cast<std::uint32_t>(i));
    }
    return out;
}

// A host with its disk; start() is a new life of its agent.
class Host {
  public:
    explicit Host(boost::asio::io_context& loop) : loop_(loop) {}

    void start(Credentials credentials) {
        link.reset();
        held = std::make_unique<Held>(Held::open({.directory = scratch.path("controller"),
                                                  .verify = verifier(credentials.signers),
                                                  .boot_id = boot,
                                                  .now = boot_time(),
                                                  .wall_ns = wall_ns()})
                                          .value());
        spool = std::make_unique<Spool>(
            Spool::open({.directory = scratch.path("spool")}, 77, fold).value());
        link = std::make_unique<Link>(loop_, std::move(credentials), *held, *spool, recording,
                                      Link::Options{.agent_version = "test",
                                                    .boot_id = boot,
                                                    .patience = 2s,
                                                    .first_retry = 20ms,
                                                    .longest_retry = 100ms});
        link->start();
    }
    SessionState state() const { return link->state().session; }
    std::string trouble() const { return link->state().trouble; }

    Scratch scratch;
    std::string boot = "boot-1";
    RecordingHost recording;
    std::unique_ptr<Held> held;
    std::unique_ptr<Spool> spool;
    std::unique_ptr<Link> link;

  private:
    boost::asio::io_context& loop_;
};

class LinkTest : public ::testing::Test {
  protected:
    LinkTest() { controller.start(); }

    Credentials credentials() const { return keys().credentials("app-uk-1", controller.port()); }
    bool eventually(const std::function<bool()>& holds) { return until(loop, holds); }
    bool live() {
        return eventually([&] { return host.state() == SessionState::live; });
    }
    // Connected and enforcing version 1.
    void begin() {
        controller.offer(policy(1));
        controller.offer(inventory(1));
        host.start(credentials());
        ASSERT_TRUE(eventually([&] {
            return !controller.seen().policies.empty() && !controller.seen().inventories.empty();
        })) << host.trouble();
    }

    boost::asio::io_context loop;
    Controller controller{loop, keys()};
    Host host{loop};
};

TEST_F(LinkTest, EnforcesAndKeepsWhatTheControllerGives) {
    begin();
    EXPECT_EQ(host.recording.version(), 1u);
    EXPECT_EQ(host.recording.enforced.size(), 1u) << "both halves at once";
    EXPECT_EQ(host.recording.enforced.back().inventory().revision(), 1u);
    EXPECT_EQ(host.held->policy()->policy.provisioned(), 101u);
    EXPECT_EQ(host.state(), SessionState::live);
    EXPECT_EQ(host.link->state().trouble, "");
}

TEST_F(LinkTest, APolicyWaitsForItsInventory) {
    controller.offer(policy(1));
    host.start(credentials());
    ASSERT_TRUE(eventually([&] { return controller.session().stats().snapshots == 1; }));
    v1::Command after; // answered behind the policy
    after.set_id(1);
    after.mutable_resume();
    controller.tell(fleet::input::SendCommand{after});
    ASSERT_TRUE(eventually([&] { return !controller.seen().results.empty(); }));
    EXPECT_TRUE(host.recording.enforced.empty());
    EXPECT_TRUE(controller.seen().policies.empty());
    controller.offer(inventory(1));
    ASSERT_TRUE(eventually([&] { return controller.seen().policies.size() == 1; }));
    EXPECT_EQ(host.recording.version(), 1u);
}

TEST_F(LinkTest, ARuleMayNameAnIdentityThatComesWithTheNextInventory) {
    begin();
    controller.offer(policy(2, {1, 2}));
    controller.offer(inventory(2, 2));
    ASSERT_TRUE(eventually([&] { return controller.seen().policies.size() == 2; }));
    ASSERT_EQ(host.recording.enforced.size(), 2u) << "never the new rules under the old labels";
    const auto& rule = host.recording.enforced.back().policy().subjects(0).rules(0);
    EXPECT_EQ(rule.peers().identities_size(), 2);
}

TEST_F(LinkTest, AnIdentityThatNobodyHasMatchesNobody) {
    begin();
    controller.offer(policy(2, {1, 9}));
    ASSERT_TRUE(eventually([&] { return controller.seen().policies.size() == 2; }));
    const auto& rule = host.recording.enforced.back().policy().subjects(0).rules(0);
    ASSERT_EQ(rule.peers().identities_size(), 1);
    EXPECT_EQ(rule.peers().identities(0), 1u);
    EXPECT_EQ(host.held->policy()->policy.subjects(0).rules(0).peers().identities_size(), 2)
        << "the disk has what was signed";
}

TEST_F(LinkTest, WhatTheHostCannotEnforceIsRefusedWithItsSentence) {
    begin();
    host.recording.refuses = "no user 'tomcat' on this host";
    controller.offer(policy(2));
    ASSERT_TRUE(eventually([&] { return !controller.seen().nacks.empty(); }));
    EXPECT_EQ(controller.seen().nacks.back().sentence(), "no user 'tomcat' on this host");
    EXPECT_EQ(host.held->policy()->policy.version(), 1u);
    host.recording.refuses.clear();
    controller.offer(policy(3));
    ASSERT_TRUE(eventually([&] { return host.recording.version() == 3; }));
}

TEST_F(LinkTest, FlowsArriveOnceThroughAKilledController) {
    begin();
    ASSERT_TRUE(host.spool->append(flows(3)));
    host.link->flows_queued();
    ASSERT_TRUE(eventually([&] { return controller.seen().flows.size() == 3; }));
    const auto port = controller.port();
    controller.stop();
    ASSERT_TRUE(eventually([&] { return host.state() == SessionState::waiting; }));
    EXPECT_NE(host.trouble(), "");
    ASSERT_TRUE(host.spool->append(flows(2)));
    host.link->flows_queued();
    controller.start(port);
    ASSERT_TRUE(eventually([&] { return controller.seen().flows.size() == 5; })) << host.trouble();
    ASSERT_TRUE(eventually([&] { return host.spool->stats().held == 0; }));
    EXPECT_EQ(host.spool->stats().delivered, 5u);
    EXPECT_EQ(controller.seen().lost, 0u);
}

TEST_F(LinkTest, ARestartedAgentGoesOnWithWhatItHeld) {
    begin();
    controller.offer(policy(2));
    ASSERT_TRUE(eventually([&] { return controller.seen().policies.size() == 2; }));
    const auto epoch = host.held->epoch();
    host.start(credentials());
    EXPECT_EQ(host.held->policy()->policy.version(), 2u) << "before the network is needed";
    EXPECT_GT(host.held->epoch(), epoch);
    ASSERT_TRUE(live());
    controller.offer(policy(3));
    ASSERT_TRUE(eventually([&] { return host.recording.version() == 3; }));
    EXPECT_EQ(host.recording.enforced.size(), 3u) << "version 2 was not sent again";
}

TEST_F(LinkTest, AVersionThatNobodyConfirmsIsLeftAlsoWithoutAController) {
    begin();
    controller.offer(policy(2), 1s);
    ASSERT_TRUE(eventually([&] { return host.recording.version() == 2; }));
    controller.stop();
    ASSERT_TRUE(eventually([&] { return host.recording.version() == 1; }));
    EXPECT_EQ(host.held->policy()->policy.version(), 1u);
    EXPECT_EQ(host.held->start().rolled_back, 2u);
}

TEST_F(LinkTest, AConfirmedVersionStays) {
    begin();
    controller.offer(policy(2), 60s);
    ASSERT_TRUE(eventually([&] { return controller.seen().policies.size() == 2; }));
    EXPECT_TRUE(host.held->start().confirm_by);
    EXPECT_NE(host.link->state().confirm_by_ns, 0);
    controller.tell(fleet::input::Confirm{2});
    ASSERT_TRUE(eventually([&] { return !host.held->start().confirm_by; }));
    EXPECT_EQ(host.recording.version(), 2u);
}

TEST_F(LinkTest, TheReportComesWithEachSessionAndWhenItChanges) {
    host.start(credentials());
    v1::HostReport report;
    report.set_hostname("app-uk-1");
    host.link->report(report);
    ASSERT_TRUE(eventually([&] { return controller.seen().reports.size() == 1; }));
    report.set_kernel("6.1");
    host.link->report(report);
    ASSERT_TRUE(eventually([&] { return controller.seen().reports.size() == 2; }));
    EXPECT_EQ(controller.seen().reports.back().kernel(), "6.1");
}

TEST_F(LinkTest, CommandsAreAnsweredAndDetachComesAfterItsAnswer) {
    host.start(credentials());
    ASSERT_TRUE(live());
    v1::Command pause;
    pause.set_id(1);
    pause.mutable_pause()->set_seconds(5);
    controller.tell(fleet::input::SendCommand{pause});
    ASSERT_TRUE(eventually([&] { return controller.seen().results.size() == 1; }));
    EXPECT_TRUE(controller.seen().results[0].ok());
    v1::Command detach;
    detach.set_id(2);
    detach.mutable_detach();
    controller.tell(fleet::input::SendCommand{detach});
    ASSERT_TRUE(eventually([&] { return host.recording.detached; }));
    EXPECT_EQ(controller.seen().results.size(), 2u);
    EXPECT_EQ(host.state(), SessionState::stopped);
}

TEST_F(LinkTest, ANewCertificateIsShownAtOnceAndTheHelloSaysWhatIsTrusted) {
    begin();
    EXPECT_EQ(controller.seen().trust, std::vector<std::uint64_t>{0});
    auto next = credentials();
    next.bundle = 2;
    const auto serial = next.own().serial;
    host.link->renewed(std::move(next));
    ASSERT_TRUE(eventually([&] { return controller.seen().trust.size() == 2; })) << host.trouble();
    ASSERT_TRUE(live());
    EXPECT_EQ(controller.seen().trust.back(), 2u);
    EXPECT_EQ(host.link->credentials().own().serial, serial);
    EXPECT_EQ(host.recording.enforced.size(), 1u) << "nothing was sent again";
    EXPECT_EQ(host.link->state().trouble, "");
}

TEST_F(LinkTest, StoppingSaysGoodbye) {
    host.start(credentials());
    ASSERT_TRUE(live());
    bool stopped = false;
    host.link->stop("the agent is stopping", [&] { stopped = true; });
    ASSERT_TRUE(eventually([&] { return stopped && !controller.session().live(); }));
}

TEST_F(LinkTest, StoppingWithoutAControllerTakesNoTime) {
    controller.stop();
    host.start(keys().credentials("app-uk-1", 1));
    bool stopped = false;
    host.link->stop("the agent is stopping", [&] { stopped = true; });
    EXPECT_TRUE(eventually([&] { return stopped; }));
}

TEST_F(LinkTest, AnotherControllerIsRefusedByItsCertificate) {
    const Keys others;
    auto mine = others.credentials("app-uk-1", controller.port());
    host.start(std::move(mine));
    ASSERT_TRUE(eventually([&] { return !host.trouble().empty(); }));
    EXPECT_NE(host.trouble().find("another controller's"), std::string::npos) << host.trouble();
    EXPECT_TRUE(host.recording.enforced.empty());
}

TEST_F(LinkTest, AnExpiredCertificateGetsNoSessionAndSaysSo) {
    host.start(keys().credentials("app-uk-1", controller.port(), 2 * 3600));
    ASSERT_TRUE(eventually([&] { return !controller.seen().refused.empty(); }));
    EXPECT_NE(controller.seen().refused[0].find("expired"), std::string::npos);
    ASSERT_TRUE(eventually([&] { return !host.trouble().empty(); }));
    EXPECT_NE(host.trouble().find("certificate has expired"), std::string::npos) << host.trouble();
}

TEST_F(LinkTest, APolicyOfAnotherSignerIsNotEnforced) {
    begin();
    auto strict = credentials();
    strict.signers = {pki::PrivateKey::generate(pki::KeyKind::signing).value().public_key()};
    host.start(std::move(strict));
    EXPECT_EQ(host.held->policy(), nullptr) << "what is on the disk is checked again";
    ASSERT_TRUE(live());
    controller.offer(policy(2));
    ASSERT_TRUE(eventually([&] { return !controller.seen().nacks.empty(); }));
    EXPECT_EQ(controller.seen().nacks.back().reason(), v1::BAD_SIGNATURE);
    EXPECT_EQ(host.recording.version(), 1u) << "nothing new";
}

TEST_F(LinkTest, TheSecondEndpointIsTriedWhenTheFirstIsDead) {
    controller.offer(policy(1));
    controller.offer(inventory(1));
    auto both = credentials();
    both.endpoints.insert(both.endpoints.begin(), {"127.0.0.1", 1});
    host.start(std::move(both));
    ASSERT_TRUE(eventually([&] { return host.recording.version() == 1; })) << host.trouble();
    EXPECT_EQ(host.link->state().endpoint, credentials().endpoints.front().text());
}

TEST_F(LinkTest, WhatCannotBeKeptIsNotEnforced) {
    begin();
    std::filesystem::remove_all(host.scratch.path("controller"));
    host.scratch.write("controller", "a file where the directory was");
    controller.offer(policy(2));
    ASSERT_TRUE(eventually([&] { return !controller.seen().nacks.empty(); }));
    EXPECT_NE(controller.seen().nacks.back().sentence().find("kept on the disk"),
              std::string::npos);
    EXPECT_EQ(host.recording.version(), 1u);
}

} // namespace
} // namespace ringwall::agent
