#include "common/pki/tls.h"

#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

template <typename T>
void free_attached(void*, void* object, CRYPTO_EX_DATA*, int, long, void*) {
    const std::unique_ptr<T> owned(static_cast<T*>(object));
}

int check_slot() {
    static const int slot =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attached<PeerCheck>);
    return slot;
}

int refusal_slot() {
    static const int slot =
        SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attached<Error>);
    return slot;
}

// Decides which alert the peer gets.
int openssl_code(Errc code) {
    switch (code) {
    case Errc::expired:
        return X509_V_ERR_CERT_HAS_EXPIRED;
    case Errc::not_yet_valid:
        return X509_V_ERR_CERT_NOT_YET_VALID;
    case Errc::unknown_ca:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case Errc::wrong_purpose:
        return X509_V_ERR_INVALID_PURPOSE;
    case Errc::revoked:
        return X509_V_ERR_CERT_REVOKED;
    default:
        return X509_V_ERR_CERT_REJECTED;
    }
}

Result<std::vector<Certificate>> sent_chain(X509_STORE_CTX* context) {
    std::vector<Certificate> out;
    const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
    for (int i = 0; i < sk_X509_num(sent); ++i) {
        auto one = certificate_from(der_of(sk_X509_value(sent, i), i2d_X509));
        if (!one)
            return std::unexpected(one.error());
        out.push_back(std::move(*one));
    }
    return out;
}

void remember(SSL* connection, const Error& error) {
    auto kept = std::make_unique<Error>(error);
    Error* given = kept.release(); // to the connection
    if (SSL_set_ex_data(connection, refusal_slot(), given) != 1)
        kept.reset(given);
}

int judge(X509_STORE_CTX* context, void* check) {
    const auto chain = sent_chain(context);
    const auto judged = chain ? (*static_cast<const PeerCheck*>(check))(*chain)
                              : Result<void>(std::unexpected(chain.error()));
    if (judged)
        return 1;
    auto* connection = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (!SSL_get_ex_data(connection, refusal_slot()))
        remember(connection, judged.error());
    X509_STORE_CTX_set_error(context, openssl_code(judged.error().code));
    return 0;
}

Result<void> use_own(SSL_CTX* context, const TlsSetup& setup) {
    const auto chain = parse_certificates(setup.chain);
    if (!chain)
        return std::unexpected(chain.error());
    if (!setup.key || chain->front().key != setup.key->public_key())
        return fail(Errc::weak_key,
                    "the private key is not the one of the certificate of \"" + chain->front().uri +
                        "\": the two files are from different pairings; pair again");
    const auto leaf = x509_of(chain->front().der);
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, setup.key->native()) != 1)
        return library_failed("taking the own certificate");
    for (std::size_t i = 1; i < chain->size(); ++i)
        if (const auto ca = x509_of((*chain)[i].der);
            !ca || SSL_CTX_add1_chain_cert(context, ca.get()) != 1)
            return library_failed("taking the certificate of the CA");
    return {};
}

} // namespace

Result<void> set_up(ssl_ctx_st* context, const TlsSetup& setup) {
    const ErrorScope scope;
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1)
        return library_failed("asking for TLS 1.3");
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (setup.peer_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    const std::unique_ptr<PeerCheck> old(
        static_cast<PeerCheck*>(SSL_CTX_get_ex_data(context, check_slot())));
    auto check = std::make_unique<PeerCheck>(setup.check);
    if (SSL_CTX_set_ex_data(context, check_slot(), check.get()) != 1)
        return library_failed("keeping the check of peers");
    SSL_CTX_set_cert_verify_callback(context, judge, check.release());
    return setup.chain.empty() ? Result<void>() : use_own(context, setup);
}

std::optional<Error> refusal(const ssl_st* connection) {
    const auto* kept = static_cast<const Error*>(SSL_get_ex_data(connection, refusal_slot()));
    return kept ? std::optional(*kept) : std::nullopt;
}

} // namespace ringwall::pki
