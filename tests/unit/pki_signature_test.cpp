// Signed policy: by whom, for what, unaltered.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/pki/signature.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::expect_refused;
using test::must;

constexpr std::string_view policy = "ringwall/policy/v1";

class PkiSignature : public ::testing::Test {
  protected:
    PrivateKey key_ = must(PrivateKey::generate(KeyKind::signing));
    PrivateKey next_ = must(PrivateKey::generate(KeyKind::signing));
    std::vector<PublicKey> pinned_{key_.public_key()};
    Envelope envelope_ = must(seal(key_, policy, "version 7"));
};

TEST_F(PkiSignature, APolicyOfThePinnedKeyIsTaken) {
    EXPECT_TRUE(check(envelope_, policy, pinned_));
    EXPECT_EQ(envelope_.payload, "version 7");
    EXPECT_EQ(envelope_.key_id, key_.public_key().id());
}

TEST_F(PkiSignature, WhileTheSigningKeyChangesBothAreTaken) {
    const std::vector both{key_.public_key(), next_.public_key()};
    const auto newer = must(seal(next_, policy, "version 8"));
    EXPECT_TRUE(check(envelope_, policy, both));
    EXPECT_TRUE(check(newer, policy, both));
    expect_refused(check(newer, policy, pinned_), Errc::unknown_key,
                   {next_.public_key().id().c_str(), key_.public_key().id().c_str(), "pair again"});
    expect_refused(check(newer, policy, {}), Errc::unknown_key, {"pinned here are: none"});
}

TEST_F(PkiSignature, AnAlteredPolicyIsRefused) {
    envelope_.payload = "version 8";
    expect_refused(check(envelope_, policy, pinned_), Errc::bad_signature, {"altered"});
}

TEST_F(PkiSignature, WhatWasSignedForAnotherUseIsRefused) {
    auto command = must(seal(key_, "ringwall/command/v1", "version 7"));
    expect_refused(check(command, policy, pinned_), Errc::wrong_context,
                   {"ringwall/command/v1", "ringwall/policy/v1"});
    command.context = policy;
    expect_refused(check(command, policy, pinned_), Errc::bad_signature, {"altered"});
}

TEST_F(PkiSignature, ContextAndPayloadCannotBeShifted) {
    const auto one = must(sign(key_, "ab", "c"));
    expect_refused(check_signature(key_.public_key(), "a", "bc", one), Errc::bad_signature, {});
}

TEST_F(PkiSignature, AnotherVersionOfTheFormatIsRefusedByNumber) {
    envelope_.version = 2;
    expect_refused(check(envelope_, policy, pinned_), Errc::wrong_context,
                   {"version 2", "version 1", "update"});
}

TEST_F(PkiSignature, AnotherKeysSignatureUnderThisKeysNameIsRefused) {
    envelope_.signature = must(sign(next_, policy, envelope_.payload));
    expect_refused(check(envelope_, policy, pinned_), Errc::bad_signature, {});
}

TEST_F(PkiSignature, ATlsKeySignsNothing) {
    const auto tls = must(PrivateKey::generate(KeyKind::tls));
    expect_refused(sign(tls, policy, "x"), Errc::weak_key, {"Ed25519"});
    expect_refused(check_signature(tls.public_key(), policy, "x", envelope_.signature),
                   Errc::weak_key, {"Ed25519"});
}

TEST_F(PkiSignature, AUseHasAName) {
    expect_refused(sign(key_, "", "x"), Errc::malformed, {"1 to 255"});
    expect_refused(sign(key_, std::string(256, 'x'), "x"), Errc::malformed, {"256"});
    EXPECT_TRUE(sign(key_, std::string(255, 'x'), ""));
}

RC_GTEST_FIXTURE_PROP(PkiSignature, AnyChangedBitOfPayloadOrSignatureIsRefused,
                      (const std::string& payload)) {
    auto envelope = must(seal(key_, policy, payload));
    RC_ASSERT(check(envelope, policy, pinned_).has_value());
    const bool sign_part = payload.empty() || *rc::gen::arbitrary<bool>();
    auto& part = sign_part ? envelope.signature : envelope.payload;
    const auto bit = *rc::gen::inRange<std::size_t>(0, part.size() * 8);
    part[bit / 8] = static_cast<char>(part[bit / 8] ^ (1 << bit % 8));
    RC_ASSERT(!check(envelope, policy, pinned_));
}

RC_GTEST_FIXTURE_PROP(PkiSignature, ASignatureOfAnotherLengthIsRefused, ()) {
    envelope_.signature.resize(
        *rc::gen::distinctFrom(rc::gen::inRange<std::size_t>(0, 200), std::size_t{64}));
    RC_ASSERT(!check(envelope_, policy, pinned_));
}

} // namespace
} // namespace ringwall::pki
