// What a peer's certificate is judged by, and what a person reads when it is refused.
#include <gtest/gtest.h>

#include "common/pki/digest.h"
#include "control/pki/builder.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::agent;
using test::as_agent;
using test::as_controller;
using test::controller;
using test::day;
using test::expect_refused;
using test::hour;
using test::must;
using test::noon;

class PkiCertificate : public ::testing::Test {
  protected:
    Authority authority_ = test::new_authority();
    test::Holder web_ = agent(authority_, "web-1");
    test::Holder server_ = controller(authority_);
};

TEST_F(PkiCertificate, SaysWhoForWhatAndHowLong) {
    const auto& web = web_.issued.certificate;
    EXPECT_EQ(web.uri, "spiffe://ringwall/agent/web-1");
    EXPECT_EQ(web.subject, "web-1");
    EXPECT_EQ(web.issuer, authority_.issuer().subject);
    EXPECT_EQ(web.not_before, noon - 300);
    EXPECT_EQ(web.not_after, noon + day);
    EXPECT_TRUE(web.for_client && !web.for_server && !web.is_ca);
    EXPECT_EQ(web.key, web_.key.public_key());
    EXPECT_TRUE(web.names.empty());
    EXPECT_EQ(web.fingerprint, sha256_hex(web.der));
}

TEST_F(PkiCertificate, OfTheControllerNamesItsAddresses) {
    const auto& server = server_.issued.certificate;
    EXPECT_EQ(server.uri, "spiffe://ringwall/controller/main");
    EXPECT_EQ(server.names,
              (std::vector<std::string>{"ringwall.example", "10.0.0.1", "2001:db8::1"}));
    EXPECT_TRUE(server.for_server && !server.for_client);
}

TEST_F(PkiCertificate, IsTakenByWhoTrustsItsCa) {
    EXPECT_TRUE(verify(web_.chain(), authority_.roots(), as_agent()));
    EXPECT_TRUE(verify(server_.chain(), authority_.roots(), as_controller()));
    EXPECT_TRUE(verify({web_.issued.certificate}, authority_.roots(), as_agent()));
}

TEST_F(PkiCertificate, IsTakenByAHostWhoseClockIsFiveMinutesBehind) {
    EXPECT_TRUE(verify(web_.chain(), authority_.roots(), as_agent(noon - 300)));
    expect_refused(verify(web_.chain(), authority_.roots(), as_agent(noon - 301)),
                   Errc::not_yet_valid, {"1 s ahead"});
}

TEST_F(PkiCertificate, TellsAHostWithAClockHoursBehindToCheckIt) {
    const auto later = agent(authority_, "late", noon + 10 * hour);
    expect_refused(verify(later.chain(), authority_.roots(), as_agent(noon)), Errc::not_yet_valid,
                   {"agent/late", "9 h 55 min ahead", "2027-01-15 17:55:00 UTC",
                    "2027-01-15 08:00:00 UTC", "check the clock"});
}

TEST_F(PkiCertificate, TellsWhoseCaIsInTheFutureWhenTheClockIsYearsBehind) {
    expect_refused(verify(web_.chain(), authority_.roots(), as_agent(noon - 1000 * day)),
                   Errc::not_yet_valid, {"999 days ahead", "check the clock"});
}

TEST_F(PkiCertificate, ExpiresToTheSecond) {
    EXPECT_TRUE(verify(web_.chain(), authority_.roots(), as_agent(noon + day - 1)));
    expect_refused(verify(web_.chain(), authority_.roots(), as_agent(noon + day)), Errc::expired,
                   {"agent/web-1", "expired 0 s ago", "renew"});
    expect_refused(verify(web_.chain(), authority_.roots(), as_agent(noon + day + 5400)),
                   Errc::expired, {"1 h 30 min ago", "2027-01-16 08:00:00 UTC", "check the clock"});
}

TEST_F(PkiCertificate, OfAnotherControllerIsRefusedWithBothCasNamed) {
    const auto other = test::new_authority();
    expect_refused(verify(web_.chain(), other.roots(), as_agent()), Errc::unknown_ca,
                   {"agent/web-1", authority_.issuer().subject.c_str(),
                    other.issuer().subject.c_str(), "another controller"});
    expect_refused(verify({web_.issued.certificate}, other.roots(), as_agent()), Errc::unknown_ca,
                   {authority_.issuer().subject.c_str()});
    expect_refused(verify(web_.chain(), {}, as_agent()), Errc::unknown_ca,
                   {"trusted here are: none"});
}

TEST_F(PkiCertificate, OfTheWrongPurposeIsRefused) {
    expect_refused(verify(web_.chain(), authority_.roots(), {Purpose::server, noon, "spiffe://"}),
                   Errc::wrong_purpose, {"not for a server", "agent/web-1"});
    expect_refused(
        verify(server_.chain(), authority_.roots(), {Purpose::client, noon, "spiffe://"}),
        Errc::wrong_purpose, {"not for a client", "controller/main"});
}

TEST_F(PkiCertificate, OfAnotherKindIsRefused) {
    const auto person = test::holder(authority_, {.identity = {Kind::operator_client, "alice"}});
    expect_refused(verify(person.chain(), authority_.roots(), as_agent()), Errc::wrong_identity,
                   {"spiffe://ringwall/operator/alice", "spiffe://ringwall/agent/NAME"});
    expect_refused(verify(web_.chain(), authority_.roots(),
                          {Purpose::client, noon, web_.issued.certificate.uri}),
                   Errc::wrong_identity, {});
}

TEST_F(PkiCertificate, OfACaIsNoPeers) {
    const auto refused = verify(authority_.roots(), authority_.roots(), as_agent());
    expect_refused(refused, Errc::wrong_purpose, {"but for a CA"});
}

TEST_F(PkiCertificate, AnAlteredOneIsRefused) {
    auto der = web_.issued.certificate.der;
    der.back() = static_cast<char>(der.back() ^ 1);
    const auto forged = must(certificate_from(der));
    expect_refused(verify({forged}, authority_.roots(), as_agent()), Errc::bad_signature,
                   {"cannot be trusted", "signature"});
}

TEST_F(PkiCertificate, AnAgentCannotIssueForOthers) {
    const Draft draft{.subject = "db-1",
                      .uri = "spiffe://ringwall/agent/db-1",
                      .usage = "clientAuth",
                      .not_before = noon,
                      .not_after = noon + day};
    const auto forged =
        must(build(draft, web_.key.public_key(), &web_.issued.certificate, web_.key));
    const std::vector chain{forged, web_.issued.certificate, authority_.issuer()};
    expect_refused(verify(chain, authority_.roots(), as_agent()), Errc::bad_signature,
                   {"cannot be trusted"});
}

TEST_F(PkiCertificate, NobodyWithoutOneGetsIn) {
    expect_refused(verify({}, authority_.roots(), as_agent()), Errc::malformed,
                   {"no certificate", "pair the host"});
}

TEST_F(PkiCertificate, AtTheFirstContactTheCaIsFoundByTheFingerprintOfThePairingLine) {
    const auto root = must(pinned_root(server_.chain(), authority_.issuer().fingerprint));
    EXPECT_EQ(root.der, authority_.issuer().der);
    EXPECT_TRUE(verify(server_.chain(), {root}, as_controller()));
}

TEST_F(PkiCertificate, AtTheFirstContactAnotherControllerIsRefused) {
    const auto other = test::new_authority();
    expect_refused(
        pinned_root(server_.chain(), other.issuer().fingerprint), Errc::unknown_ca,
        {authority_.issuer().subject.c_str(), other.issuer().fingerprint.c_str(), "ringwall pair"});
    expect_refused(pinned_root(server_.chain(), server_.issued.certificate.fingerprint),
                   Errc::unknown_ca, {});
    expect_refused(pinned_root({}, other.issuer().fingerprint), Errc::unknown_ca, {"not given"});
}

TEST_F(PkiCertificate, IsRenewedAtTwoThirdsOfItsLife) {
    EXPECT_EQ(renew_at(web_.issued.certificate), noon - 300 + (day + 300) / 3 * 2);
}

TEST_F(PkiCertificate, AChainIsReadBackAsItWasWritten) {
    const auto chain = web_.chain();
    ASSERT_EQ(chain.size(), 2u);
    EXPECT_EQ(chain[0].der, web_.issued.certificate.der);
    EXPECT_EQ(chain[1].der, authority_.issuer().der);
    EXPECT_EQ(pem_of(chain), web_.issued.chain);
}

TEST_F(PkiCertificate, WhatIsNoChainIsRefused) {
    const auto pem = web_.issued.chain;
    expect_refused(parse_certificates(""), Errc::malformed, {"empty"});
    expect_refused(parse_certificates("hello"), Errc::malformed, {"certificate 1"});
    expect_refused(parse_certificates(pem.substr(0, pem.size() - 40)), Errc::malformed,
                   {"certificate 2", "damaged or cut"});
    std::string many;
    for (int i = 0; i < 17; ++i)
        many += web_.issued.certificate.pem();
    expect_refused(parse_certificates(many), Errc::too_big, {"more than 16"});
    expect_refused(parse_certificates(std::string(70000, 'x')), Errc::too_big, {"65536"});
    expect_refused(certificate_from(web_.issued.certificate.der + "x"), Errc::malformed, {});
    expect_refused(certificate_from(""), Errc::malformed, {});
}

} // namespace
} // namespace ringwall::pki
