#include "common/pki/openssl.h"

#include <new>

#include <fmt/format.h>

#include "common/pki/digest.h"

namespace ringwall::pki {
namespace {

using namespace std::string_view_literals;

// SubjectPublicKeyInfo up to the point or key, as DER has it for these two and nothing else.
constexpr auto p256_head = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a"
                           "\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"sv;
constexpr std::size_t p256_bytes = 91;
constexpr auto ed25519_head = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"sv;
constexpr std::size_t ed25519_bytes = 44;

} // namespace

std::string openssl_words() {
    const auto code = ERR_peek_last_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "no reason given";
}

std::unexpected<Error> library_failed(std::string_view step) {
    return fail(Errc::library, fmt::format("OpenSSL failed at {}: {}; check its installation and "
                                           "that memory is left",
                                           step, openssl_words()));
}

Owned<BIO> reading(std::string_view bytes) {
    Owned<BIO> bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    if (!bio)
        throw std::bad_alloc();
    return bio;
}

std::string pem_block(const char* label, std::string_view der) {
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    if (!bio ||
        PEM_write_bio(bio.get(), label, "", reinterpret_cast<const unsigned char*>(der.data()),
                      static_cast<long>(der.size())) <= 0)
        throw std::bad_alloc();
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

Result<PublicKey> public_key_of(EVP_PKEY* key, std::string_view whose) {
    PublicKey out{.kind = KeyKind::tls, .spki = der_of(key, i2d_PUBKEY)};
    if (out.spki.size() == p256_bytes && out.spki.starts_with(p256_head))
        return out;
    out.kind = KeyKind::signing;
    if (out.spki.size() == ed25519_bytes && out.spki.starts_with(ed25519_head))
        return out;
    const char* name = EVP_PKEY_get0_type_name(key);
    return fail(Errc::weak_key,
                fmt::format("{} is {} of {} bits; Ringwall takes P-256 (named curve, uncompressed "
                            "point) for TLS and Ed25519 for signatures: make a new key",
                            whose, name ? name : "of an unknown kind", EVP_PKEY_get_bits(key)));
}

Owned<X509> x509_of(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = at + der.size();
    Owned<X509> out(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    return at == end ? std::move(out) : nullptr;
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0)
        return {};
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    const Owned<unsigned char> owned(text);
    return size < 0 ? std::string()
                    : std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
}

std::string serial_text(const ASN1_INTEGER* serial) {
    const Owned<BIGNUM> number(ASN1_INTEGER_to_BN(serial, nullptr));
    if (!number)
        return {};
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
    BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
    return hex(bytes);
}

} // namespace ringwall::pki
