// A new CA without pairing again: three steps, none too early.
#include <gtest/gtest.h>

#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::agent;
using test::as_controller;
using test::controller;
using test::day;
using test::expect_refused;
using test::must;
using test::noon;

TEST(PkiRotation, GoesThroughWithoutAnyPeerEverBeingRefused) {
    auto authority = test::new_authority();
    const auto old = authority.issuer();
    const auto web = agent(authority, "web-1");
    const auto old_server = controller(authority);

    ASSERT_TRUE(authority.announce(noon + 1));
    const auto bundle = must(parse_certificates(authority.trust_bundle()));
    ASSERT_EQ(bundle.size(), 2u);
    EXPECT_EQ(authority.issuer().der, old.der) << "the old CA goes on issuing";

    ASSERT_TRUE(authority.switch_issuer({{"web-1", authority.state().bundle}}));
    EXPECT_NE(authority.issuer().der, old.der);
    const auto new_server = controller(authority);
    EXPECT_TRUE(verify(new_server.chain(), bundle, as_controller()));
    EXPECT_TRUE(verify(old_server.chain(), bundle, as_controller()));
    EXPECT_TRUE(authority.admit(web.chain(), Kind::agent, noon)) << "the old certificate holds";

    const auto renewed = agent(authority, "web-1");
    ASSERT_TRUE(authority.retire({{"web-1", renewed.issued.certificate.issuer}}));
    EXPECT_TRUE(authority.admit(renewed.chain(), Kind::agent, noon));
    expect_refused(authority.admit(web.chain(), Kind::agent, noon), Errc::unknown_ca,
                   {old.subject.c_str(), authority.issuer().subject.c_str()});
    EXPECT_EQ(authority.roots().size(), 1u);
}

TEST(PkiRotation, TheIssuerDoesNotSwitchBeforeEachAgentKnowsTheNewCa) {
    auto authority = test::new_authority();
    const auto before = authority.state().bundle;
    ASSERT_TRUE(authority.announce(noon));
    const auto now = authority.state().bundle;
    EXPECT_GT(now, before);
    expect_refused(authority.switch_issuer({{"web-1", now}, {"web-2", before}, {"db-1", 0}}),
                   AuthorityErrc::too_early,
                   {"2 of 3 agents", "db-1, web-2", "wait until", "retire those"});
    EXPECT_TRUE(authority.switch_issuer({{"web-1", now}, {"web-2", now}, {"db-1", now}}));
}

TEST(PkiRotation, ALongListOfLateAgentsIsCutWithACount) {
    auto authority = test::new_authority();
    ASSERT_TRUE(authority.announce(noon));
    std::map<std::string, std::uint64_t> acknowledged;
    for (int i = 0; i < 9; ++i)
        acknowledged["web-" + std::to_string(i)] = 0;
    expect_refused(authority.switch_issuer(acknowledged), AuthorityErrc::too_early,
                   {"9 of 9", "web-0, web-1, web-2, web-3, web-4 and 4 more"});
}

TEST(PkiRotation, TheOldCaStaysWhileSomeoneStillHoldsItsCertificate) {
    auto authority = test::new_authority();
    const auto old = authority.issuer().subject;
    ASSERT_TRUE(authority.announce(noon));
    ASSERT_TRUE(authority.switch_issuer({}));
    const auto next = authority.issuer().subject;
    expect_refused(authority.retire({{"web-1", next}, {"web-2", old}}), AuthorityErrc::too_early,
                   {"1 of 2", old.c_str(), "web-2", "renewed"});
    EXPECT_EQ(authority.roots().size(), 2u);
    EXPECT_TRUE(authority.retire({{"web-1", next}, {"web-2", next}}));
}

TEST(PkiRotation, StepsComeInTheirOrder) {
    auto authority = test::new_authority();
    expect_refused(authority.switch_issuer({}), AuthorityErrc::out_of_order, {"announce one"});
    expect_refused(authority.retire({}), AuthorityErrc::out_of_order, {"announce a new one"});
    ASSERT_TRUE(authority.announce(noon));
    expect_refused(authority.announce(noon), AuthorityErrc::out_of_order, {"finish it"});
    expect_refused(authority.retire({}), AuthorityErrc::out_of_order, {"switch to it first"});
    ASSERT_TRUE(authority.switch_issuer({}));
    expect_refused(authority.switch_issuer({}), AuthorityErrc::out_of_order, {"no new CA"});
    expect_refused(authority.announce(noon), AuthorityErrc::out_of_order, {"under way"});
    ASSERT_TRUE(authority.retire({}));
    EXPECT_TRUE(authority.announce(noon)) << "and the next rotation begins";
}

TEST(PkiRotation, SurvivesARestartBetweenAnyTwoSteps) {
    auto authority = test::new_authority();
    const auto restart = [&] {
        authority = must(Authority::load(must(parse_state(to_json(authority.state())))));
    };
    restart();
    ASSERT_TRUE(authority.announce(noon));
    restart();
    ASSERT_TRUE(authority.switch_issuer({}));
    restart();
    const auto web = agent(authority, "web-1");
    EXPECT_TRUE(authority.admit(web.chain(), Kind::agent, noon));
    ASSERT_TRUE(authority.retire({}));
    restart();
    EXPECT_TRUE(authority.admit(web.chain(), Kind::agent, noon));
}

TEST(PkiRotation, IsDueInTheLastThirdOfTheCasLife) {
    const auto authority = test::new_authority();
    EXPECT_FALSE(authority.rotation_due(noon + 2400 * day));
    EXPECT_TRUE(authority.rotation_due(noon + 2434 * day));
}

TEST(PkiRotation, RevocationsOutliveIt) {
    auto authority = test::new_authority();
    authority.revoke("0a", "stolen", noon);
    ASSERT_TRUE(authority.announce(noon));
    ASSERT_TRUE(authority.switch_issuer({}));
    ASSERT_TRUE(authority.retire({}));
    EXPECT_TRUE(authority.is_revoked("0a"));
}

} // namespace
} // namespace ringwall::pki
