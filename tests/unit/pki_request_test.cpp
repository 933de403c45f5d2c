// Certificate requests: the host proves its key; everything odd is refused.
#include <gtest/gtest.h>

#include "common/pki/openssl.h"
#include "common/pki/request.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::expect_refused;
using test::must;

// A request that no agent of ours would make.
std::string foreign_request(EVP_PKEY* made) {
    const Owned<EVP_PKEY> key(made);
    const Owned<X509_REQ> request(X509_REQ_new());
    X509_REQ_set_pubkey(request.get(), key.get());
    X509_REQ_sign(request.get(), key.get(),
                  EVP_PKEY_is_a(key.get(), "ED25519") ? nullptr : EVP_sha256());
    return pem_block(PEM_STRING_X509_REQ, der_of(request.get(), i2d_X509_REQ));
}

// The last byte of the signature is another.
std::string forged(const std::string& pem) {
    const auto bio = reading(pem);
    const Owned<X509_REQ> request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    auto der = der_of(request.get(), i2d_X509_REQ);
    der.back() = static_cast<char>(der.back() ^ 1);
    return pem_block(PEM_STRING_X509_REQ, der);
}

TEST(PkiRequest, SaysWhoAsksAndCarriesTheKey) {
    const auto key = must(PrivateKey::generate(KeyKind::tls));
    const auto request = must(parse_request(must(make_request(key, "web-1.example"))));
    EXPECT_EQ(request.subject, "web-1.example");
    EXPECT_EQ(request.key, key.public_key());
}

TEST(PkiRequest, ASubjectIsAHostName) {
    const auto key = must(PrivateKey::generate(KeyKind::tls));
    EXPECT_TRUE(make_request(key, std::string(64, 'a')));
    for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("two words"),
                                   std::string("caf\xc3\xa9"), std::string("a\0b", 3)})
        expect_refused(make_request(key, bad), Errc::malformed, {"1 to 64", "host name"});
}

TEST(PkiRequest, ASigningKeyAsksForNoCertificate) {
    const auto key = must(PrivateKey::generate(KeyKind::signing));
    expect_refused(make_request(key, "web-1"), Errc::weak_key, {"P-256"});
    expect_refused(parse_request(foreign_request(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))),
                   Errc::weak_key, {"Ed25519"});
}

TEST(PkiRequest, WeakAndOddKeysAreRefused) {
    expect_refused(parse_request(foreign_request(
                       EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}))),
                   Errc::weak_key, {"RSA of 1024 bits"});
    expect_refused(
        parse_request(foreign_request(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521"))),
        Errc::weak_key, {"EC of 521 bits"});
    EVP_PKEY* odd = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    EVP_PKEY_set_utf8_string_param(odd, "point-format", "compressed");
    expect_refused(parse_request(foreign_request(odd)), Errc::weak_key, {"uncompressed"});
}

TEST(PkiRequest, ARequestSignedByAnotherKeyIsRefused) {
    const auto request = must(make_request(must(PrivateKey::generate(KeyKind::tls)), "web-1"));
    expect_refused(parse_request(forged(request)), Errc::bad_signature, {"not signed by the key"});
}

TEST(PkiRequest, OnlyOneRequestAndNothingElseIsRead) {
    const auto pem = must(make_request(must(PrivateKey::generate(KeyKind::tls)), "web-1"));
    EXPECT_TRUE(parse_request(pem));
    expect_refused(parse_request(pem + pem), Errc::malformed, {"something follows"});
    expect_refused(parse_request(pem + "x"), Errc::malformed, {"something follows"});
    expect_refused(parse_request(""), Errc::malformed, {"BEGIN CERTIFICATE REQUEST"});
    expect_refused(parse_request(pem.substr(0, pem.size() / 2)), Errc::malformed, {});
    expect_refused(parse_request(pem + std::string(8192, ' ')), Errc::too_big, {"8192"});
}

} // namespace
} // namespace ringwall::pki
