#include "common/pki/certificate.h"

#include <cstring>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

constexpr std::size_t longest_pem = 65536;
constexpr std::size_t most_certificates = 16;

std::optional<std::int64_t> seconds(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return std::nullopt;
    return timegm(&parts);
}

std::string text_of(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string address_text(const ASN1_STRING* bytes) {
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(bytes));
    if (size != 4 && size != 16)
        return {};
    Address address = size == 4 ? Address::v4(0) : Address{};
    std::memcpy(address.bytes.data() + (16 - size), ASN1_STRING_get0_data(bytes), size);
    return address.text();
}

void read_names(const X509* x509, Certificate& out) {
    const Owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
    int uris = 0;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type));
        if (type == GEN_URI) {
            ++uris;
            out.uri = text_of(value);
        } else if (type == GEN_DNS) {
            out.names.push_back(text_of(value));
        } else if (type == GEN_IPADD) {
            out.names.push_back(address_text(value));
        }
    }
    if (uris != 1)
        out.uri.clear();
}

Result<Certificate> facts_of(X509* x509, std::string der) {
    const auto not_before = seconds(X509_get0_notBefore(x509));
    const auto not_after = seconds(X509_get0_notAfter(x509));
    EVP_PKEY* key = X509_get0_pubkey(x509);
    if (!not_before || !not_after || !key)
        return fail(Errc::malformed, "the certificate has no readable dates or key; ask for a new "
                                     "one");
    Certificate out;
    auto public_key = public_key_of(key, "the certificate's key");
    if (!public_key)
        return std::unexpected(public_key.error());
    out.key = std::move(*public_key);
    out.der = std::move(der);
    out.serial = serial_text(X509_get0_serialNumber(x509));
    out.subject = common_name(X509_get_subject_name(x509));
    out.issuer = common_name(X509_get_issuer_name(x509));
    out.not_before = *not_before;
    out.not_after = *not_after;
    out.fingerprint = sha256_hex(out.der);
    const auto flags = X509_get_extension_flags(x509);
    const auto usage = flags & EXFLAG_XKUSAGE ? X509_get_extended_key_usage(x509) : 0;
    out.is_ca = flags & EXFLAG_CA;
    out.for_client = usage & XKU_SSL_CLIENT;
    out.for_server = usage & XKU_SSL_SERVER;
    read_names(x509, out);
    return out;
}

} // namespace

std::string Certificate::pem() const {
    return pem_block(PEM_STRING_X509, der);
}

std::string pem_of(const std::vector<Certificate>& chain) {
    std::string out;
    for (const auto& certificate : chain)
        out += certificate.pem();
    return out;
}

Result<Certificate> certificate_from(std::string_view der) {
    const ErrorScope scope;
    const auto x509 = x509_of(der);
    if (!x509)
        return fail(Errc::malformed, fmt::format("not a certificate in DER ({}); ask for a new one",
                                                 openssl_words()));
    return facts_of(x509.get(), std::string(der));
}

Result<std::vector<Certificate>> parse_certificates(std::string_view pem) {
    if (pem.size() > longest_pem)
        return fail(Errc::too_big,
                    fmt::format("{} bytes of certificates: at most {} are read; give "
                                "the chain or the trust bundle only",
                                pem.size(), longest_pem));
    const ErrorScope scope;
    const auto bio = reading(pem);
    std::vector<Certificate> out;
    while (BIO_pending(bio.get()) > 0) {
        const Owned<X509> x509(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (!x509)
            return fail(Errc::malformed,
                        fmt::format("certificate {} of the PEM text cannot be read ({}); it is "
                                    "damaged or cut: fetch it again",
                                    out.size() + 1, openssl_words()));
        if (out.size() == most_certificates)
            return fail(Errc::too_big,
                        fmt::format("more than {} certificates in one PEM text; give "
                                    "the chain or the trust bundle only",
                                    most_certificates));
        auto one = facts_of(x509.get(), der_of(x509.get(), i2d_X509));
        if (!one)
            return std::unexpected(one.error());
        out.push_back(std::move(*one));
    }
    if (out.empty())
        return fail(Errc::malformed, "no certificate in an empty text; it begins with '-----BEGIN "
                                     "CERTIFICATE-----'");
    return out;
}

std::int64_t renew_at(const Certificate& certificate) {
    return certificate.not_before + (certificate.not_after - certificate.not_before) / 3 * 2;
}

} // namespace ringwall::pki
