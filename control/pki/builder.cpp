#include "control/pki/builder.h"

#include <ctime>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

constexpr std::size_t serial_bytes = 16;

bool set_serial(X509* x509) {
    const auto bytes = random_bytes(serial_bytes);
    const Owned<BIGNUM> number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                         static_cast<int>(bytes.size()), nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509));
}

bool set_times(X509* x509, const Draft& draft) {
    return ASN1_TIME_set(X509_getm_notBefore(x509), static_cast<std::time_t>(draft.not_before)) &&
           ASN1_TIME_set(X509_getm_notAfter(x509), static_cast<std::time_t>(draft.not_after));
}

bool set_subject(X509* x509, const std::string& text) {
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_key(X509* x509, const PublicKey& key) {
    const auto* at = reinterpret_cast<const unsigned char*>(key.spki.data());
    const Owned<EVP_PKEY> native(d2i_PUBKEY(nullptr, &at, static_cast<long>(key.spki.size())));
    return native && X509_set_pubkey(x509, native.get()) == 1;
}

bool add_extension(X509* x509, X509* issuer, int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

bool add_name(GENERAL_NAMES* all, int type, std::string_view bytes) {
    Owned<GENERAL_NAME> name(GENERAL_NAME_new());
    ASN1_STRING* value =
        ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (!name || !value ||
        ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) != 1) {
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name.get(), type, value);
    GENERAL_NAME* given = name.release(); // to the list
    if (sk_GENERAL_NAME_push(all, given) > 0)
        return true;
    name.reset(given);
    return false;
}

bool add_names(X509* x509, const Draft& draft) {
    const Owned<GENERAL_NAMES> all(GENERAL_NAMES_new());
    if (!all || !add_name(all.get(), GEN_URI, draft.uri))
        return false;
    for (const auto& name : draft.names) {
        const auto address = Address::parse(name);
        const std::string_view bytes =
            address ? std::string_view(reinterpret_cast<const char*>(address->bytes.data()), 16)
                    : name;
        const auto value = address && address->is_v4() ? bytes.substr(12) : bytes;
        if (!add_name(all.get(), address ? GEN_IPADD : GEN_DNS, value))
            return false;
    }
    return X509_add1_ext_i2d(x509, NID_subject_alt_name, all.get(), 0, 0) == 1;
}

bool add_extensions(X509* x509, X509* issuer, const Draft& draft) {
    if (!add_extension(x509, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(x509, issuer, NID_authority_key_identifier, "keyid:always"))
        return false;
    if (draft.uri.empty())
        return add_extension(x509, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(x509, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_extension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x509, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x509, issuer, NID_ext_key_usage, draft.usage.c_str()) &&
           add_names(x509, draft);
}

} // namespace

Result<Certificate> build(const Draft& draft, const PublicKey& key, const Certificate* issuer,
                          const PrivateKey& signer) {
    const ErrorScope scope;
    const Owned<X509> x509(X509_new());
    const auto ca = issuer ? x509_of(issuer->der) : nullptr;
    X509* above = ca ? ca.get() : x509.get();
    if (!x509 || (issuer && !ca) || X509_set_version(x509.get(), X509_VERSION_3) != 1 ||
        !set_serial(x509.get()) || !set_times(x509.get(), draft) ||
        !set_subject(x509.get(), draft.subject) || !set_key(x509.get(), key) ||
        X509_set_issuer_name(x509.get(), X509_get_subject_name(above)) != 1 ||
        !add_extensions(x509.get(), above, draft) ||
        X509_sign(x509.get(), signer.native(), EVP_sha256()) <= 0)
        return library_failed("writing a certificate");
    return certificate_from(der_of(x509.get(), i2d_X509));
}

} // namespace ringwall::pki
