// Private to common/pki and control/pki: owned OpenSSL objects and the few conversions both need.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/pki/error.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

struct Release {
    void operator()(BIO* it) const { BIO_free(it); }
    void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
    void operator()(EVP_MD_CTX* it) const { EVP_MD_CTX_free(it); }
    void operator()(X509* it) const { X509_free(it); }
    void operator()(X509_REQ* it) const { X509_REQ_free(it); }
    void operator()(X509_EXTENSION* it) const { X509_EXTENSION_free(it); }
    void operator()(X509_STORE* it) const { X509_STORE_free(it); }
    void operator()(X509_STORE_CTX* it) const { X509_STORE_CTX_free(it); }
    void operator()(BIGNUM* it) const { BN_free(it); }
    void operator()(GENERAL_NAME* it) const { GENERAL_NAME_free(it); }
    void operator()(GENERAL_NAMES* it) const { GENERAL_NAMES_free(it); }
    void operator()(STACK_OF(X509) * it) const { sk_X509_pop_free(it, X509_free); }
    void operator()(unsigned char* it) const { OPENSSL_free(it); }
};
template <typename T>
using Owned = std::unique_ptr<T, Release>;

// Errors of what is done in its scope do not stay in the thread's queue, where a TLS connection
// would take them for its own.
class ErrorScope {
  public:
    ErrorScope() { ERR_set_mark(); }
    ~ErrorScope() { ERR_pop_to_mark(); }
    ErrorScope(const ErrorScope&) = delete;
    ErrorScope& operator=(const ErrorScope&) = delete;
    ErrorScope(ErrorScope&&) = delete;
    ErrorScope& operator=(ErrorScope&&) = delete;
};

// The latest error of the queue in OpenSSL's words.
std::string openssl_words();

// `step`: "making a key"
std::unexpected<Error> library_failed(std::string_view step);

Owned<BIO> reading(std::string_view bytes); // borrows
std::string pem_block(const char* label, std::string_view der);

// i2d: one of OpenSSL's i2d_ functions. Empty when it failed.
template <typename T, typename Encode>
std::string der_of(T* object, Encode i2d) {
    unsigned char* bytes = nullptr;
    const int size = i2d(object, &bytes);
    const Owned<unsigned char> owned(bytes);
    return size > 0
               ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size))
               : std::string();
}

// The kind by the exact form of its SubjectPublicKeyInfo: explicit curve parameters, compressed
// points and every other algorithm are refused. `whose`: "the request's key".
Result<PublicKey> public_key_of(EVP_PKEY* key, std::string_view whose);

Owned<X509> x509_of(std::string_view der); // null when it is none
std::string common_name(const X509_NAME* name);
std::string serial_text(const ASN1_INTEGER* serial); // lower-case hex

} // namespace ringwall::pki
