// The authority's state, kept as JSON: whole, or refused with the fault named.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/pki/digest.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::expect_refused;
using test::must;
using test::noon;

std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos)
        throw std::logic_error("no " + from + " in the state");
    return text.replace(at, from.size(), to);
}

class PkiState : public ::testing::Test {
  protected:
    PkiState() {
        if (!authority_.announce(noon))
            throw std::logic_error("no second CA");
        authority_.revoke("0a1b", "host \"stolen\"\n\xe2\x82\xac", noon);
        authority_.revoke("00", "replaced", noon + 1);
        json_ = to_json(authority_.state());
    }
    Authority authority_ = test::new_authority();
    std::string json_;
};

TEST_F(PkiState, IsReadBackAsItWasWritten) {
    const auto again = must(parse_state(json_));
    EXPECT_EQ(again, authority_.state());
    const auto loaded = must(Authority::load(again));
    EXPECT_EQ(loaded.trust_bundle(), authority_.trust_bundle());
    EXPECT_EQ(loaded.issuer().der, authority_.issuer().der);
    EXPECT_EQ(to_json(loaded.state()), json_);
}

TEST_F(PkiState, WhatIsNoStateIsRefused) {
    const auto refused = [](const std::string& text, std::initializer_list<const char*> words) {
        expect_refused(parse_state(text), AuthorityErrc::malformed, words);
    };
    refused("", {"not JSON", "restore it from a backup"});
    refused("[]", {"not an object"});
    refused("{}", {"\"format\" is not a whole number"});
    refused(json_.substr(0, json_.size() / 2), {"not JSON"});
    refused(with(json_, "\"format\":1", "\"format\":2"), {"another version"});
    refused(with(json_, "\"bundle\":2", "\"bundle\":\"2\""), {"\"bundle\" is not a whole number"});
    refused(with(json_, "\"bundle\":2", "\"bundle\":-2"), {"\"bundle\" is not a whole number"});
    refused(with(json_, "\"bundle\"", "\"extra\":1,\"bundle\""), {"does not know"});
    refused(with(json_, "\"phase\":\"issuing\"", "\"phase\":\"idle\""),
            {"CA 1", "announced, issuing or retiring"});
    refused(with(json_, "\"reason\":\"replaced\"", "\"reason\":7"),
            {"revocation 1", "\"reason\" is not a text"});
    refused(std::string(100000, '['), {"not JSON"});
}

TEST_F(PkiState, AStateThatContradictsItselfIsRefused) {
    const auto refused = [&](auto&& change, std::initializer_list<const char*> words) {
        auto state = authority_.state();
        change(state);
        expect_refused(Authority::load(state), AuthorityErrc::malformed, words);
    };
    refused([](auto& s) { s.authorities[0].phase = Phase::announced; }, {"one CA issues"});
    refused([](auto& s) { s.authorities[1].phase = Phase::issuing; }, {"one CA issues"});
    refused([](auto& s) { s.authorities.clear(); }, {"one CA issues"});
    refused([](auto& s) { s.bundle = 1; }, {"out of order"});
    refused([](auto& s) { std::swap(s.authorities[0].since, s.authorities[1].since); },
            {"out of order"});
    refused([](auto& s) { std::swap(s.authorities[0].key, s.authorities[1].key); },
            {"not a CA with the key beside it"});
    refused([](auto& s) { s.authorities[0].certificate = "x"; }, {"certificate 1"});
    refused([](auto& s) { s.authorities[0].key = "x"; }, {"private key"});
    refused([](auto& s) { std::swap(s.revoked[0], s.revoked[1]); }, {"not in order"});
    refused([](auto& s) { s.revoked[1] = s.revoked[0]; }, {"not in order"});
    refused([](auto& s) { s.revoked[0].serial = "0G"; }, {"\"0G\" is no serial number"});
}

TEST_F(PkiState, AnAgentsCertificateIsNoCa) {
    auto state = authority_.state();
    const auto web = test::agent(authority_, "web-1");
    state.authorities[0].certificate = web.issued.certificate.pem();
    state.authorities[0].key = web.key.pem();
    expect_refused(Authority::load(state), AuthorityErrc::malformed, {"not a CA"});
}

RC_GTEST_FIXTURE_PROP(PkiState, AnyRevocationsAreReadBack,
                      (const std::vector<std::pair<std::uint32_t, std::int32_t>>& given)) {
    auto authority = authority_;
    for (const auto& [serial, time] : given)
        authority.revoke(sha256_hex(std::to_string(serial)).substr(0, 32), "r", time);
    const auto& state = authority.state();
    RC_ASSERT(must(parse_state(to_json(state))) == state);
    RC_ASSERT(Authority::load(state).has_value());
}

} // namespace
} // namespace ringwall::pki
