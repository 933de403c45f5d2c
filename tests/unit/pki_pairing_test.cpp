// Who may join: each outcome that a person at a host can meet.
#include <gtest/gtest.h>

#include "common/pki/digest.h"
#include "control/pki/pairing.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using model::Mode;
using test::day;
using test::expect_refused;
using test::must;
using test::noon;

const std::string own_machine(32, 'a'), other_machine(32, 'b');

class PkiPairing : public ::testing::Test {
  protected:
    PkiPairing() {
        if (!add_profile(pairing_, {.name = "web",
                                    .uses_left = 2,
                                    .expires = noon + day,
                                    .labels = {{"role", "Web Server"}, {"env", "Production"}},
                                    .mode = Mode::visibility,
                                    .locked = {"env"}}))
            throw std::logic_error("no profile");
        given_.token = must(new_token(pairing_, "web"));
        given_.request = must(make_request(key_, "web-1"));
        given_.facts = {"web-1", own_machine, {*Address::parse("10.0.0.5")}};
    }

    PairingResult<Accepted> redeem(std::int64_t now = noon) {
        return pki::redeem(pairing_, given_, known_, now);
    }
    Profile& profile() { return pairing_.profiles.at("web"); }
    void refused(PairingErrc code, std::initializer_list<const char*> words) {
        const auto before = pairing_;
        expect_refused(redeem(), code, words);
        EXPECT_EQ(pairing_, before) << "a refusal costs no use";
    }

    PrivateKey key_ = must(PrivateKey::generate(KeyKind::tls));
    Pairing pairing_;
    Redemption given_;
    std::vector<KnownWorkload> known_;
};

TEST_F(PkiPairing, AHostJoinsWithTheProfilesLabelsAndMode) {
    const auto accepted = must(redeem());
    EXPECT_EQ(accepted.identity, (Identity{Kind::agent, "web-1"}));
    EXPECT_EQ(accepted.labels, profile().labels);
    EXPECT_EQ(accepted.mode, Mode::visibility);
    EXPECT_EQ(accepted.profile, "web");
    EXPECT_EQ(accepted.addresses, given_.facts.addresses);
    EXPECT_EQ(accepted.request.key, key_.public_key());
    EXPECT_FALSE(accepted.known);
    EXPECT_TRUE(accepted.revoke.empty());
}

TEST_F(PkiPairing, WhatItGetsIsACertificateOfTheAuthority) {
    const auto authority = test::new_authority();
    const auto accepted = must(redeem());
    const auto issued =
        must(authority.issue(given_.request, {.identity = accepted.identity}, noon));
    const auto chain = must(parse_certificates(issued.chain));
    EXPECT_EQ(must(authority.admit(chain, Kind::agent, noon)), accepted.identity);
    EXPECT_EQ(chain.front().key, key_.public_key());
}

TEST_F(PkiPairing, OnlyTheHashOfATokenIsKept) {
    ASSERT_EQ(pairing_.tokens.size(), 1u);
    EXPECT_TRUE(is_hex(given_.token, 64));
    EXPECT_EQ(pairing_.tokens.begin()->first, sha256_hex(given_.token));
    EXPECT_NE(given_.token, must(new_token(pairing_, "web")));
}

TEST_F(PkiPairing, AnUnknownTokenIsToldNothing) {
    given_.token = sha256_hex("guessed");
    refused(PairingErrc::unknown_token, {"does not know this pairing token", "ringwall pair"});
    given_.token = pairing_.tokens.begin()->first;
    refused(PairingErrc::unknown_token, {});
    given_.token.clear();
    refused(PairingErrc::unknown_token, {});
}

TEST_F(PkiPairing, AProfileIsWorthItsUsesAndNoMore) {
    EXPECT_TRUE(redeem());
    EXPECT_TRUE(redeem());
    EXPECT_EQ(profile().uses_left, 0u);
    refused(PairingErrc::used_up, {"\"web\" has no uses left", "another one"});
}

TEST_F(PkiPairing, AProfileWithoutACountIsNeverUsedUp) {
    profile().uses_left.reset();
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(redeem());
    EXPECT_EQ(profile().uses_left, std::nullopt);
}

TEST_F(PkiPairing, AnExpiredProfileIsRefusedToTheSecond) {
    EXPECT_TRUE(redeem(noon + day - 1));
    expect_refused(redeem(noon + day), PairingErrc::expired,
                   {"\"web\" expired 0 s ago", "controller's clock"});
    profile().expires.reset();
    EXPECT_TRUE(redeem(noon + 1000 * day));
}

TEST_F(PkiPairing, ARevokedProfileLetsNobodyInAndMakesNoTokens) {
    ASSERT_TRUE(revoke_profile(pairing_, "web"));
    refused(PairingErrc::revoked, {"\"web\" was revoked"});
    expect_refused(new_token(pairing_, "web"), PairingErrc::revoked, {"use or make another"});
}

TEST_F(PkiPairing, ProfilesAreNamedOnceAndFoundByName) {
    expect_refused(add_profile(pairing_, {.name = "web"}), PairingErrc::duplicate_name,
                   {"\"web\" exists"});
    expect_refused(new_token(pairing_, "wep"), PairingErrc::unknown_profile, {"\"wep\""});
    expect_refused(revoke_profile(pairing_, "wep"), PairingErrc::unknown_profile, {"\"wep\""});
}

TEST_F(PkiPairing, ABadRequestCostsNoUse) {
    given_.request = "x";
    refused(PairingErrc::bad_request, {"BEGIN CERTIFICATE REQUEST"});
}

TEST_F(PkiPairing, AHostThatSaysNonsenseIsRefused) {
    for (const char* machine :
         {"", "abc", "00000000000000000000000000000000", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        given_.facts.machine_id = machine;
        refused(PairingErrc::bad_facts, {"machine id", "systemd-machine-id-setup"});
    }
    given_.facts.machine_id = own_machine;
    for (const char* name : {"localhost", "", "a b", "../x"}) {
        given_.facts.hostname = name;
        refused(PairingErrc::bad_facts, {"cannot name a workload", "--name"});
    }
    given_.name = "web-7";
    EXPECT_EQ(must(redeem()).identity.id, "web-7");
    given_.facts.addresses.resize(257);
    refused(PairingErrc::bad_facts, {"257 addresses"});
}

TEST_F(PkiPairing, AHostChoosesLabelsAndModeThatAreNotLocked) {
    given_.labels = {{"role", "Cache"}, {"rack", "7"}, {"env", "Production"}};
    given_.mode = Mode::full;
    const auto accepted = must(redeem());
    EXPECT_EQ(accepted.labels,
              (model::Labels{{"role", "Cache"}, {"rack", "7"}, {"env", "Production"}}));
    EXPECT_EQ(accepted.mode, Mode::full);
}

TEST_F(PkiPairing, ALockedLabelOrModeIsNotTheHostsToChoose) {
    given_.labels = {{"env", "Development"}};
    refused(PairingErrc::locked, {"env=\"Development\"", "locks env", "\"Production\""});
    profile().locked = {"loc", "mode"};
    given_.labels = {{"loc", "UK"}};
    refused(PairingErrc::locked, {"loc=\"UK\"", "not set"});
    given_.labels.clear();
    given_.mode = Mode::full;
    refused(PairingErrc::locked, {"mode full", "locks mode visibility"});
    given_.mode = Mode::visibility;
    EXPECT_TRUE(redeem());
}

TEST_F(PkiPairing, ACopyOfALiveHostIsToldHowToGetAMachineIdOfItsOwn) {
    known_ = {{.name = "web-0", .machine_id = own_machine, .live = true, .serials = {"0a"}}};
    profile().may_replace = true;
    refused(PairingErrc::duplicate_host,
            {"belongs to \"web-0\" (paired and online)", "copy of that host's disk",
             "systemd-machine-id-setup", "--name web-0 --replace"});
    given_.replace = true;
    refused(PairingErrc::duplicate_host, {"web-0"});
    given_.name = "web-0";
    const auto accepted = must(redeem());
    EXPECT_EQ(accepted.identity.id, "web-0");
    EXPECT_EQ(accepted.revoke, std::vector<std::string>{"0a"});
}

TEST_F(PkiPairing, ACopyThatKeptTheNameTooIsRefusedAndSoIsASilentHostsReturn) {
    known_ = {{.name = "web-1", .machine_id = own_machine, .live = true}};
    refused(PairingErrc::duplicate_host, {"paired and online", "copy", "--replace"});
    known_[0].live = false;
    refused(PairingErrc::duplicate_host, {"its agent silent", "--replace"});
}

TEST_F(PkiPairing, TheSameHostAgainRevokesItsOldCertificateAndKeepsItsLabels) {
    auto authority = test::new_authority();
    const auto old = test::agent(authority, "web-1");
    known_ = {{.name = "web-1",
               .machine_id = own_machine,
               .labels = {{"role", "Edge"}},
               .mode = Mode::full,
               .serials = {old.issued.certificate.serial}}};
    profile().may_replace = true;
    given_.replace = true;
    given_.mode = Mode::idle;
    const auto accepted = must(redeem());
    EXPECT_TRUE(accepted.known);
    EXPECT_EQ(accepted.labels, (model::Labels{{"role", "Edge"}, {"env", "Production"}}));
    EXPECT_EQ(accepted.mode, Mode::full);

    for (const auto& serial : accepted.revoke)
        authority.revoke(serial, "replaced", noon);
    const auto fresh = test::agent(authority, accepted.identity.id);
    expect_refused(authority.admit(old.chain(), Kind::agent, noon), Errc::revoked, {"replaced"});
    EXPECT_TRUE(authority.admit(fresh.chain(), Kind::agent, noon));
}

TEST_F(PkiPairing, AnotherHostOfTheSameNameNeedsItsOwnNameOrTakesThePlace) {
    known_ = {{.name = "web-1", .machine_id = other_machine, .live = true, .serials = {"0b"}}};
    refused(PairingErrc::duplicate_host, {"another host is \"web-1\"", "--name", "--replace"});
    given_.name = "web-2";
    EXPECT_EQ(must(redeem()).identity.id, "web-2");
    given_.name.clear();
    given_.replace = true;
    refused(PairingErrc::locked, {"does not let a host take the place of \"web-1\""});
    profile().may_replace = true;
    EXPECT_EQ(must(redeem()).revoke, std::vector<std::string>{"0b"});
}

TEST_F(PkiPairing, NothingToReplaceIsNoFault) {
    given_.replace = true;
    EXPECT_FALSE(must(redeem()).known);
}

TEST_F(PkiPairing, ADeclaredWorkloadIsTakenByTheHostOfItsName) {
    known_ = {{.name = "web-1",
               .labels = {{"role", "Edge"}, {"env", "Production"}},
               .mode = Mode::selective},
              {.name = "web-9"}};
    const auto accepted = must(redeem());
    EXPECT_TRUE(accepted.known);
    EXPECT_EQ(accepted.labels, known_[0].labels);
    EXPECT_EQ(accepted.mode, Mode::selective);
}

TEST_F(PkiPairing, ALockedProfileTakesNoWorkloadOfAnotherEnvironment) {
    known_ = {{.name = "web-1", .labels = {{"env", "Development"}}}};
    refused(PairingErrc::locked, {"the workload has env=\"Development\"", "locks env"});
}

} // namespace
} // namespace ringwall::pki
