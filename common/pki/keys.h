// Private and public keys: P-256 for TLS, Ed25519 for signatures; nothing else exists here.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/pki/error.h"

struct evp_pkey_st; // OpenSSL's EVP_PKEY

namespace ringwall::pki {

enum class KeyKind { tls, signing }; // P-256, Ed25519

struct PublicKey {
    KeyKind kind = KeyKind::tls;
    std::string spki; // DER of SubjectPublicKeyInfo

    // SHA-256 of `spki`, 64 hexadecimal digits: what is pinned and what names a signer.
    std::string id() const;
    std::string pem() const;
    // One "PUBLIC KEY" block of a kind above. malformed, too_big, weak_key.
    static Result<PublicKey> parse(std::string_view pem);
    bool operator==(const PublicKey&) const = default;
};

// Copies share one key, which never changes.
class PrivateKey {
  public:
    static Result<PrivateKey> generate(KeyKind kind);
    // One unencrypted PKCS#8 block of a kind above. malformed, too_big, weak_key.
    static Result<PrivateKey> parse(std::string_view pem);

    KeyKind kind() const { return public_.kind; }
    const PublicKey& public_key() const { return public_; }
    std::string pem() const; // secret
    evp_pkey_st* native() const { return key_.get(); }

  private:
    PrivateKey(std::shared_ptr<evp_pkey_st> key, PublicKey public_key);
    static Result<PrivateKey> adopt(evp_pkey_st* key);

    std::shared_ptr<evp_pkey_st> key_;
    PublicKey public_;
};

} // namespace ringwall::pki
