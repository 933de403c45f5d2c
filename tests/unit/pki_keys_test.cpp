// Keys: what is made is read back, what is not ours is refused.
#include <gtest/gtest.h>

#include <set>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/pki/digest.h"
#include "common/pki/keys.h"
#include "common/pki/openssl.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::expect_refused;
using test::must;

std::string pem_of(EVP_PKEY* made, const EVP_CIPHER* cipher = nullptr) {
    const Owned<EVP_PKEY> key(made);
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    std::string secret = "secret";
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), cipher, cipher ? secret.data() : nullptr,
                                  cipher ? 6 : 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

EVP_PKEY* explicit_p256() {
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit");
    return key;
}

TEST(PkiKeys, AKeyIsReadBackAsItWasMade) {
    for (const KeyKind kind : {KeyKind::tls, KeyKind::signing}) {
        const auto key = must(PrivateKey::generate(kind));
        const auto again = must(PrivateKey::parse(key.pem()));
        EXPECT_EQ(again.kind(), kind);
        EXPECT_EQ(again.public_key(), key.public_key());
        EXPECT_EQ(again.pem(), key.pem());
        EXPECT_TRUE(key.pem().starts_with("-----BEGIN PRIVATE KEY-----"));
        EXPECT_EQ(must(PublicKey::parse(key.public_key().pem())), key.public_key());
    }
}

TEST(PkiKeys, TwoKeysAreNeverTheSame) {
    std::set<std::string> ids;
    for (int i = 0; i < 20; ++i)
        ids.insert(must(PrivateKey::generate(KeyKind::signing)).public_key().id());
    EXPECT_EQ(ids.size(), 20u);
    EXPECT_TRUE(is_hex(*ids.begin(), 64));
}

TEST(PkiKeys, OtherKindsOfKeysAreRefusedByName) {
    expect_refused(
        PrivateKey::parse(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}))),
        Errc::weak_key, {"RSA of 1024 bits", "P-256", "make a new key"});
    expect_refused(PrivateKey::parse(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"))),
                   Errc::weak_key, {"EC of 384 bits"});
    expect_refused(
        PrivateKey::parse(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"))),
        Errc::weak_key, {"EC of 256 bits"});
    expect_refused(PrivateKey::parse(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))),
                   Errc::weak_key, {"X25519"});
    expect_refused(PrivateKey::parse(pem_of(explicit_p256())), Errc::weak_key, {"named curve"});
}

TEST(PkiKeys, AnEncryptedKeyIsRefusedWithoutAskingAtTheTerminal) {
    const auto pem = pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_aes_256_cbc());
    ASSERT_NE(pem.find("ENCRYPTED"), std::string::npos);
    expect_refused(PrivateKey::parse(pem), Errc::malformed, {"unencrypted"});
}

TEST(PkiKeys, WhatIsNoKeyIsRefused) {
    const auto key = must(PrivateKey::generate(KeyKind::tls));
    expect_refused(PrivateKey::parse(""), Errc::malformed, {"BEGIN PRIVATE KEY"});
    expect_refused(PrivateKey::parse("hello"), Errc::malformed, {"BEGIN PRIVATE KEY"});
    expect_refused(PrivateKey::parse(key.public_key().pem()), Errc::malformed, {});
    expect_refused(PrivateKey::parse(key.pem().substr(0, 100)), Errc::malformed, {});
    expect_refused(PrivateKey::parse(std::string(20000, 'x')), Errc::too_big, {"20000 bytes"});
    expect_refused(PublicKey::parse(key.pem()), Errc::malformed, {"BEGIN PUBLIC KEY"});
    expect_refused(PublicKey::parse(std::string(20000, 'x')), Errc::too_big, {"16384"});
}

TEST(PkiKeys, AFailureLeavesNoErrorForTheNextTlsConnection) {
    expect_refused(PrivateKey::parse("hello"), Errc::malformed, {});
    EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(PkiDigest, IsSha256AsEverybodyKnowsIt) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
}

TEST(PkiDigest, HexadecimalIsLowerCaseAndOfTheRightLength) {
    EXPECT_TRUE(is_hex("00ff", 4));
    EXPECT_FALSE(is_hex("00ff", 6));
    EXPECT_FALSE(is_hex("00FF", 4));
    EXPECT_FALSE(is_hex("00fg", 4));
}

TEST(PkiDigest, ComparisonOfSecretsIsExact) {
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secret1"));
}

} // namespace
} // namespace ringwall::pki
