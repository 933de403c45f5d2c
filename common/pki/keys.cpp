#include "common/pki/keys.h"

#include <new>

#include <fmt/format.h>

#include "common/pki/digest.h"
#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

constexpr std::size_t longest_key_pem = 16384;

// Without one OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Result<void> check_size(std::string_view pem, std::string_view what) {
    if (pem.size() <= longest_key_pem)
        return {};
    return fail(Errc::too_big, fmt::format("a {} of {} bytes: at most {} are read; give one PEM "
                                           "block only",
                                           what, pem.size(), longest_key_pem));
}

} // namespace

std::string PublicKey::id() const {
    return sha256_hex(spki);
}

std::string PublicKey::pem() const {
    return pem_block(PEM_STRING_PUBLIC, spki);
}

Result<PublicKey> PublicKey::parse(std::string_view pem) {
    if (auto fits = check_size(pem, "public key"); !fits)
        return std::unexpected(fits.error());
    const ErrorScope scope;
    const Owned<EVP_PKEY> key(
        PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, no_passphrase, nullptr));
    if (!key)
        return fail(Errc::malformed, fmt::format("not a public key in PEM ({}); give a file that "
                                                 "begins with '-----BEGIN PUBLIC KEY-----'",
                                                 openssl_words()));
    return public_key_of(key.get(), "the public key");
}

PrivateKey::PrivateKey(std::shared_ptr<evp_pkey_st> key, PublicKey public_key)
    : key_(std::move(key)), public_(std::move(public_key)) {}

Result<PrivateKey> PrivateKey::adopt(evp_pkey_st* key) {
    std::shared_ptr<evp_pkey_st> owned(key, EVP_PKEY_free);
    auto public_key = public_key_of(key, "the private key");
    if (!public_key)
        return std::unexpected(public_key.error());
    return PrivateKey(std::move(owned), std::move(*public_key));
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
    const ErrorScope scope;
    EVP_PKEY* key = kind == KeyKind::tls ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                         : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    return key ? adopt(key) : library_failed("making a key");
}

Result<PrivateKey> PrivateKey::parse(std::string_view pem) {
    if (auto fits = check_size(pem, "private key"); !fits)
        return std::unexpected(fits.error());
    const ErrorScope scope;
    EVP_PKEY* key = PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr);
    if (!key)
        return fail(Errc::malformed,
                    fmt::format("not an unencrypted private key in PEM ({}); give a file that "
                                "begins with '-----BEGIN PRIVATE KEY-----'",
                                openssl_words()));
    return adopt(key);
}

std::string PrivateKey::pem() const {
    const ErrorScope scope;
    const Owned<BIO> bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1)
        throw std::bad_alloc();
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

} // namespace ringwall::pki
