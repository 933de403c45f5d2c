// How every TLS connection of Ringwall is set up: TLS 1.3, certificates judged by our own sentence.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/pki/certificate.h"
#include "common/pki/keys.h"

struct ssl_ctx_st; // OpenSSL's SSL_CTX, asio::ssl::context::native_handle()
struct ssl_st;     // SSL

namespace ringwall::pki {

// Judges the chain that a peer sent, leaf first: verify(), then what only the caller knows
// (revocation, who may connect). Called in the handshake of every connection, so that roots and
// revocations may change while the context lives.
using PeerCheck = std::function<Result<void>(const std::vector<Certificate>& chain)>;

struct TlsSetup {
    std::string chain; // PEM, own certificate first, its CA after it; empty: none (pairing)
    std::optional<PrivateKey> key;
    PeerCheck check;
    // Of a server: refuse clients without a certificate in the handshake. A host that is being
    // paired has none yet.
    bool peer_required = true;
};

// No resumption and no tickets: each connection is judged anew, so a revocation holds at the next
// one. A new certificate means a new context. malformed, weak_key (key and chain do not belong
// together), library.
Result<void> set_up(ssl_ctx_st* context, const TlsSetup& setup);

// Why the peer's certificate was refused in this connection's handshake; nullopt when it was not.
std::optional<Error> refusal(const ssl_st* connection);

} // namespace ringwall::pki
