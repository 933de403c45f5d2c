#include "control/server/tls_context.h"

#include <utility>

#include <openssl/ssl.h>

namespace ringwall::server {
namespace {

constexpr std::string_view protocols = "\x0aringwall/1\x08http/1.1"; // ours first

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

int choose(SSL* connection, const unsigned char** out, unsigned char* size,
           const unsigned char* offered, unsigned offered_size, void*) {
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, bytes(protocols),
                              static_cast<unsigned>(protocols.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = found;
    if (std::string_view(reinterpret_cast<const char*>(found), *size) == agent_protocol)
        SSL_set_verify(connection, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return SSL_TLSEXT_ERR_OK;
}

// A browser asks its user for a certificate only when it has one of this CA.
void name_accepted_issuers(SSL_CTX* context) {
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context, &chain);
    for (int i = 0; i < sk_X509_num(chain); ++i)
        SSL_CTX_add_client_CA(context, sk_X509_value(chain, i));
}

} // namespace

pki::Result<TlsContext> server_context(pki::TlsSetup setup) {
    const TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context)
        return std::unexpected(pki::Error{pki::Errc::library, "no memory for a TLS context"});
    setup.peer_required = false;
    if (auto ready = pki::set_up(context.get(), setup); !ready)
        return std::unexpected(std::move(ready.error()));
    SSL_CTX_set_alpn_select_cb(context.get(), choose, nullptr);
    name_accepted_issuers(context.get());
    return context;
}

std::string_view chosen_protocol(const ssl_st* connection) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(connection, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

} // namespace ringwall::server
