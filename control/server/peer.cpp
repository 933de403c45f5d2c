#include "control/server/peer.h"

#include <algorithm>
#include <utility>

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace ringwall::server {

namespace ip = boost::asio::ip;

Peer peer_of(ip::address address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
    const auto text = address.to_string();
    if (address.is_v4())
        return {text, text};
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return {text, ip::address_v6(bytes).to_string() + "/64"};
}

std::optional<pki::Certificate> certificate_of(const ssl_st* connection) {
    const X509* shown = SSL_get0_peer_certificate(connection);
    const int size = shown ? i2d_X509(shown, nullptr) : 0;
    if (size <= 0)
        return std::nullopt;
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* to = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(shown, &to);
    auto certificate = pki::certificate_from(der);
    return certificate ? std::optional(std::move(*certificate)) : std::nullopt;
}

} // namespace ringwall::server
