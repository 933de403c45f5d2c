// What the authority issues, to whom, and what it takes back.
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/pki/identity.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::agent;
using test::day;
using test::expect_refused;
using test::must;
using test::noon;

std::string request() {
    return must(make_request(must(PrivateKey::generate(KeyKind::tls)), "host"));
}

TEST(PkiAuthority, SerialsAreLongAndNeverTheSame) {
    const auto authority = test::new_authority();
    std::set<std::string> serials;
    std::size_t longest = 0;
    for (int i = 0; i < 50; ++i) {
        const auto serial = agent(authority, "web-1").issued.certificate.serial;
        longest = std::max(longest, serial.size());
        serials.insert(serial);
    }
    EXPECT_EQ(serials.size(), 50u);
    EXPECT_EQ(longest, 32u);
}

TEST(PkiAuthority, TheIdentityIsTheGrantsWhateverTheRequestSays) {
    const auto authority = test::new_authority();
    const auto key = must(PrivateKey::generate(KeyKind::tls));
    const auto issued = must(authority.issue(must(make_request(key, "db-1")),
                                             {.identity = {Kind::agent, "web-1"}}, noon));
    EXPECT_EQ(issued.certificate.uri, "spiffe://ringwall/agent/web-1");
    EXPECT_EQ(issued.certificate.subject, "web-1");
}

TEST(PkiAuthority, NothingOutlivesTheCa) {
    const auto authority = test::new_authority();
    const auto end = authority.issuer().not_after;
    EXPECT_EQ(agent(authority, "web-1", end - 3600).issued.certificate.not_after, end);
    expect_refused(authority.issue(request(), {.identity = {Kind::agent, "web-1"}}, end + 60),
                   AuthorityErrc::clock, {"expired 60 s ago", "check the clock"});
}

TEST(PkiAuthority, AControllerWhoseClockWentBackIssuesNothing) {
    const auto authority = test::new_authority();
    expect_refused(authority.issue(request(), {.identity = {Kind::agent, "web-1"}}, noon - day),
                   AuthorityErrc::clock, {"before the beginning", "set the clock"});
}

TEST(PkiAuthority, ABadGrantIsRefused) {
    const auto authority = test::new_authority();
    const auto issue = [&](const Grant& grant) { return authority.issue(request(), grant, noon); };
    for (const std::string& id : {std::string(), std::string("a b"), std::string("../db-1"),
                                  std::string(".."), std::string(65, 'a'), std::string("a\0b", 3)})
        expect_refused(issue({.identity = {Kind::agent, id}}), AuthorityErrc::bad_grant,
                       {"cannot be an identity", "choose another name"});
    for (const std::int64_t lifetime : {0LL, -1LL, 299LL, 398LL * 86400 + 1})
        expect_refused(issue({.identity = {Kind::agent, "a"}, .lifetime = lifetime}),
                       AuthorityErrc::bad_grant, {"300 to 34387200 seconds"});
    expect_refused(issue({.identity = {Kind::agent, "a"}, .names = {"a.example"}}),
                   AuthorityErrc::bad_grant, {"agent \"a\"", "only a controller"});
    for (const char* name :
         {"", "UPPER.example", "a..b", "-a", "*.example", "a b", "1.2.3", "1.2.3.4/8"})
        expect_refused(issue({.identity = {Kind::controller, "a"}, .names = {name}}),
                       AuthorityErrc::bad_grant, {"neither an IP address nor a DNS name"});
}

TEST(PkiAuthority, ABadRequestIsRefusedWithItsReason) {
    expect_refused(test::new_authority().issue("x", {.identity = {Kind::agent, "a"}}, noon),
                   AuthorityErrc::bad_request, {"BEGIN CERTIFICATE REQUEST"});
}

TEST(PkiAuthority, KnowsWhoComesIn) {
    const auto authority = test::new_authority();
    const auto web = agent(authority, "web-1");
    EXPECT_EQ(must(authority.admit(web.chain(), Kind::agent, noon)),
              (Identity{Kind::agent, "web-1"}));
    expect_refused(authority.admit(web.chain(), Kind::operator_client, noon), Errc::wrong_identity,
                   {"agent/web-1"});
    expect_refused(authority.admit(web.chain(), Kind::agent, noon + 2 * day), Errc::expired, {});
}

TEST(PkiAuthority, ARevokedCertificateNoLongerComesInAndItsHolderIsToldWhy) {
    auto authority = test::new_authority();
    const auto web = agent(authority, "web-1");
    const auto other = agent(authority, "web-2");
    authority.revoke(web.issued.certificate.serial, "host stolen", noon + 10);
    expect_refused(authority.admit(web.chain(), Kind::agent, noon + 70), Errc::revoked,
                   {"agent/web-1", "60 s ago", "host stolen", "pair the host again"});
    EXPECT_TRUE(authority.is_revoked(web.issued.certificate.serial));
    EXPECT_TRUE(authority.admit(other.chain(), Kind::agent, noon + 70));
}

TEST(PkiAuthority, RevocationsAreInOrderAndTheFirstReasonStays) {
    auto authority = test::new_authority();
    int count = 0;
    for (const char* serial : {"0c", "0a", "0b", "0a"})
        authority.revoke(serial, fmt::format("reason {}", ++count), noon);
    ASSERT_EQ(authority.state().revoked.size(), 3u);
    EXPECT_EQ(authority.state().revoked[0], (Revocation{"0a", "reason 2", noon}));
    EXPECT_EQ(authority.state().revoked[2].serial, "0c");
    EXPECT_FALSE(authority.is_revoked("0d"));
}

TEST(PkiAuthority, ARevocationIsForgottenOnlyWhenEveryCertificateOfItsTimeIsExpired) {
    auto authority = test::new_authority();
    authority.revoke("0a", "stolen", noon);
    authority.revoke("0b", "stolen", noon + longest_lifetime);
    EXPECT_TRUE(authority.is_revoked("0a"));
    authority.revoke("0c", "stolen", noon + longest_lifetime + clock_tolerance + 1);
    EXPECT_FALSE(authority.is_revoked("0a"));
    EXPECT_TRUE(authority.is_revoked("0b"));
}

TEST(PkiIdentity, IsReadFromItsUriAndFromNothingElse) {
    for (const Kind kind : {Kind::agent, Kind::controller, Kind::operator_client}) {
        const Identity identity{kind, "Web-1.example_2"};
        EXPECT_EQ(Identity::parse(identity.uri()), identity);
    }
    for (const char* bad :
         {"", "spiffe://ringwall/agent/", "spiffe://ringwall/agent/a/b", "spiffe://other/agent/a",
          "spiffe://ringwall/root/a", "spiffe://ringwall/agent/a b", "SPIFFE://ringwall/agent/a"})
        EXPECT_EQ(Identity::parse(bad), std::nullopt) << bad;
}

} // namespace
} // namespace ringwall::pki
