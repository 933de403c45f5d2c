#include "common/pki/request.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Result<PublicKey> proven_key(X509_REQ* request) {
    EVP_PKEY* key = X509_REQ_get0_pubkey(request);
    if (!key)
        return fail(Errc::weak_key, "the certificate request holds no usable key; make a P-256 key "
                                    "and a new request");
    auto out = public_key_of(key, "the certificate request's key");
    if (out && out->kind != KeyKind::tls)
        return fail(Errc::weak_key, "the certificate request's key is Ed25519, which signs policy; "
                                    "make a P-256 key and a new request");
    if (out && X509_REQ_verify(request, key) != 1)
        return fail(Errc::bad_signature,
                    "the certificate request is not signed by the key inside it: it was altered or "
                    "copied together; make it again on the host");
    return out;
}

} // namespace

Result<std::string> make_request(const PrivateKey& key, std::string_view subject) {
    if (key.kind() != KeyKind::tls)
        return fail(Errc::weak_key, "a certificate request needs a P-256 key, not a signing key");
    if (subject.empty() || subject.size() > longest_subject || !printable(subject))
        return fail(
            Errc::malformed,
            fmt::format("the subject of a certificate request has 1 to {} printable ASCII "
                        "characters without spaces, this one has {} bytes; give a host name",
                        longest_subject, subject.size()));
    const ErrorScope scope;
    const Owned<X509_REQ> request(X509_REQ_new());
    if (!request ||
        X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                   MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(subject.data()),
                                   static_cast<int>(subject.size()), -1, 0) != 1 ||
        X509_REQ_set_pubkey(request.get(), key.native()) != 1 ||
        X509_REQ_sign(request.get(), key.native(), EVP_sha256()) <= 0)
        return library_failed("making a certificate request");
    return pem_block(PEM_STRING_X509_REQ, der_of(request.get(), i2d_X509_REQ));
}

Result<Request> parse_request(std::string_view pem) {
    if (pem.size() > longest_request)
        return fail(Errc::too_big,
                    fmt::format("the certificate request has {} bytes, at most {} are read; a "
                                "P-256 request has about 400",
                                pem.size(), longest_request));
    const ErrorScope scope;
    const auto bio = reading(pem);
    const Owned<X509_REQ> request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    if (!request || BIO_pending(bio.get()) != 0)
        return fail(
            Errc::malformed,
            fmt::format("not one certificate request in PEM ({}); it begins with '-----BEGIN "
                        "CERTIFICATE REQUEST-----' and nothing follows its end",
                        request ? "something follows it" : openssl_words()));
    auto key = proven_key(request.get());
    if (!key)
        return std::unexpected(key.error());
    return Request{common_name(X509_REQ_get_subject_name(request.get())), std::move(*key)};
}

} // namespace ringwall::pki
