// What all connections of one certificate share.
#pragma once

#include <memory>
#include <string_view>

#include "common/pki/tls.h"

namespace ringwall::server {

inline constexpr std::string_view agent_protocol = "ringwall/1", http_protocol = "http/1.1";

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// The client's ALPN decides: "ringwall/1" wants a certificate of the client in the handshake, for
// "http/1.1" or none at all it is optional; a client that offers only others is refused.
pki::Result<TlsContext> server_context(pki::TlsSetup setup);

// "" when the client offered none.
std::string_view chosen_protocol(const ssl_st* connection);

} // namespace ringwall::server
