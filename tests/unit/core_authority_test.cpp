// A new CA for a fleet that is at work: nobody pairs again, nobody is cut off.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

using core::Errc;
using core::RotationStep;
using Names = std::vector<std::string>;

constexpr auto announce = RotationStep::announce, switch_issuer = RotationStep::switch_issuer,
               retire = RotationStep::retire;

class CoreAuthority : public ::testing::Test {
  protected:
    core::Result<core::Rotation> take(RotationStep step, bool dry_run = false) {
        auto done = world.controller().rotate(world.me(), step, dry_run);
        world.settle();
        return done;
    }
    void must_take(RotationStep step) {
        const auto done = take(step);
        ASSERT_TRUE(done) << done.error().message;
    }
    // Agents that renewed are back after a second.
    void follow() { world.pass(5s); }
    core::Rotation now() { return world.controller().rotation(); }
    std::string issuing() {
        for (const auto& ca : now().authorities)
            if (ca.phase == pki::Phase::issuing)
                return ca.certificate.subject;
        return "none";
    }
    std::string certificate_of(const std::string& name) {
        return pki::parse_certificates(world.hosts.at(name)->paired().certificate)->front().issuer;
    }
    bool is_admitted(const std::string& certificate) {
        return world.controller().admit(*pki::parse_certificates(certificate)).has_value();
    }
    std::uint64_t commands_in_audit() {
        return world.controller().store().audit({.kind = "command"}, {})->total;
    }

    World world;
};

TEST_F(CoreAuthority, ARotationReachesEveryAgentAndCutsNobodyOff) {
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    const auto old = issuing();
    const auto old_certificate = web_1->paired().certificate;
    EXPECT_EQ(now().bundle, 1U);

    must_take(announce);
    EXPECT_EQ(issuing(), old);
    EXPECT_EQ(now().unacknowledged.agents, (Names{"app-1", "web-1"}));
    EXPECT_EQ(now().unacknowledged.connected, 2U);
    follow();
    EXPECT_EQ(now().bundle, 2U);
    EXPECT_TRUE(now().unacknowledged.agents.empty());
    EXPECT_EQ(pki::parse_certificates(web_1->paired().trust)->size(), 2U);
    EXPECT_EQ(certificate_of("web-1"), old);

    must_take(switch_issuer);
    EXPECT_NE(issuing(), old);
    EXPECT_TRUE(is_admitted(old_certificate)) << "the old certificate holds";
    EXPECT_EQ(now().old_certificate.agents, (Names{"app-1", "web-1"}));
    follow();
    EXPECT_TRUE(now().old_certificate.agents.empty());
    EXPECT_EQ(certificate_of("web-1"), issuing());

    must_take(retire);
    follow();
    EXPECT_EQ(now().authorities.size(), 1U);
    EXPECT_EQ(now().bundle, 3U);
    EXPECT_TRUE(now().unacknowledged.agents.empty()) << "the old CA is trusted by nobody any more";
    EXPECT_EQ(pki::parse_certificates(web_1->paired().trust)->size(), 1U);
    EXPECT_FALSE(is_admitted(old_certificate));
    EXPECT_TRUE(web_1->online());
    EXPECT_TRUE(app_1->online());
    EXPECT_EQ(world.authority_changes, 3);
    EXPECT_TRUE(world.pair("web-2", web, "10.0.0.2")->online());
}

TEST_F(CoreAuthority, NobodyRenewsWhereNothingWasRotated) {
    const auto host = world.pair("web-1", web, "10.0.0.1");
    const auto certificate = host->paired().certificate;
    world.open();
    world.pass(2min);
    EXPECT_TRUE(host->online());
    EXPECT_EQ(host->paired().certificate, certificate);
    EXPECT_EQ(host->paired().bundle, 1U);
}

TEST_F(CoreAuthority, TheSwitchWaitsForAnAgentThatIsAway) {
    world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    app_1->stop();
    must_take(announce);
    follow();
    const auto refused = take(switch_issuer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_NE(refused.error().message.find("1 of 2 agents"), std::string::npos);
    EXPECT_NE(refused.error().message.find(": app-1;"), std::string::npos)
        << refused.error().message;
    app_1->start(); // it is told when it comes
    follow();
    must_take(switch_issuer);
}

TEST_F(CoreAuthority, TheOldCaStaysForAnAgentThatDoesNotRenew) {
    world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    must_take(announce);
    follow();
    app_1->renews = false;
    must_take(switch_issuer);
    follow();
    EXPECT_EQ(now().old_certificate.agents, Names{"app-1"});
    const auto refused = take(retire);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_NE(refused.error().message.find("1 of 2 certificates"), std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(app_1->online());
    app_1->renews = true;
    app_1->cut(); // and is told again when it comes
    follow();
    must_take(retire);
}

TEST_F(CoreAuthority, ARevokedAgentDoesNotCount) {
    world.pair("web-1", web, "10.0.0.1");
    const auto gone = world.pair("gone-1", app, "10.0.1.1");
    gone->stop();
    must_take(announce);
    follow();
    EXPECT_FALSE(take(switch_issuer));
    ASSERT_TRUE(world.controller().revoke(world.me(), "gone-1", "sold"));
    EXPECT_EQ(now().agents, 1U);
    must_take(switch_issuer);
    follow();
    must_take(retire);
}

TEST_F(CoreAuthority, ARestartBetweenTheStepsForgetsNothingThatMatters) {
    const auto host = world.pair("web-1", web, "10.0.0.1");
    must_take(announce);
    world.open();
    EXPECT_FALSE(take(switch_issuer)) << "it has not connected since";
    follow();
    must_take(switch_issuer);
    world.open();
    EXPECT_FALSE(take(retire));
    follow();
    must_take(retire);
    world.open();
    follow();
    EXPECT_TRUE(host->online());
    EXPECT_EQ(now().bundle, 3U);
    EXPECT_TRUE(now().unacknowledged.agents.empty());
}

TEST_F(CoreAuthority, ADryRunChangesNothing) {
    world.pair("web-1", web, "10.0.0.1");
    const auto would = take(announce, true);
    ASSERT_TRUE(would);
    EXPECT_EQ(would->authorities.size(), 2U);
    EXPECT_EQ(now().authorities.size(), 1U);
    EXPECT_EQ(world.authority_changes, 0);
    EXPECT_EQ(take(switch_issuer, true).error().code, Errc::conflict);
    world.open();
    EXPECT_EQ(now().authorities.size(), 1U);
}

TEST_F(CoreAuthority, EachStepStandsInTheAuditLog) {
    const auto of_steps = [&] {
        return world.controller().store().audit({.kind = "authority", .oldest_first = true}, {});
    };
    must_take(announce);
    EXPECT_FALSE(take(announce));
    must_take(switch_issuer);
    must_take(retire);
    const auto log = of_steps();
    ASSERT_TRUE(log);
    ASSERT_EQ(log->items.size(), 3U);
    EXPECT_EQ(log->items.front().actor, "alice");
    EXPECT_EQ(commands_in_audit(), 0U);
    const auto last = world.controller().store().object({"authority", "rotation"});
    ASSERT_TRUE(last);
    EXPECT_NE(last->body.find(R"("step":"retire")"), std::string::npos) << last->body;
}

TEST_F(CoreAuthority, AKillBetweenFileAndLogIsMadeGoodAtTheNextStart) {
    const auto before = world.scratch.path("before.db"),
               now_there = world.scratch.path("policy.db");
    const auto body = [&] { // of the last step in the log
        const auto object = world.controller().store().object({"authority", "rotation"});
        return object ? object->body : "none";
    };
    ASSERT_TRUE(world.controller().store().backup(before));
    must_take(announce);
    const auto expected = body();
    {
        const auto store = store::open_sqlite({.path = before});
        ASSERT_TRUE(
            store &&
            (*store)->remember(
                {{"authority", "current",
                  R"({"step":"announce","actor":"alice","origin":"cli","time_ns":7,"entry":)" +
                      expected + "}"}}));
    }
    std::filesystem::rename(before, now_there); // the log as it was, the new CA in the file
    for (const auto* end : {"-wal", "-shm"})
        std::filesystem::remove(now_there + end);
    for (int start = 0; start < 2; ++start) {
        world.open();
        EXPECT_EQ(body(), expected);
        const auto log = world.controller().store().audit({.kind = "authority"}, {});
        ASSERT_EQ(log->items.size(), 1U) << "once";
        EXPECT_EQ(log->items.front().actor, "alice");
        EXPECT_TRUE(world.controller().store().memories("authority")->empty());
    }
}

TEST_F(CoreAuthority, AStepThatCannotBeSavedNeverWas) {
    const auto file = world.scratch.path("authority.json");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    const auto done = take(announce);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::io);
    EXPECT_EQ(now().authorities.size(), 1U);
    EXPECT_EQ(now().bundle, 1U);
    EXPECT_FALSE(world.controller().store().object({"authority", "rotation"}));
    EXPECT_EQ(world.authority_changes, 0);
}

TEST_F(CoreAuthority, AStepThatCannotBeLoggedIsUndone) {
    const auto file = [&] {
        std::ifstream in(world.scratch.path("authority.json"));
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto before = file();
    auto by = world.me("a key that was used");
    ASSERT_TRUE(world.controller().change(
        {by, {{{"pairing_profile", "p"}, boost::json::object{}, {}}}}, false));
    const auto done = world.controller().rotate(by, announce, false);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::reused_key);
    EXPECT_EQ(now().authorities.size(), 1U);
    EXPECT_EQ(file(), before);
    EXPECT_EQ(world.authority_changes, 0);
}

} // namespace
} // namespace ringwall::core_test
