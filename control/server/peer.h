// Who is at the other end of a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "common/pki/certificate.h"
#include "common/pki/tls.h"

namespace ringwall::server {

struct Peer {
    std::string address; // "192.0.2.7", also when it came over IPv6 (::ffff:192.0.2.7)
    std::string network; // what limits count by: the IPv4 address, the /64 of an IPv6 one
    std::string issuer;  // of the certificate that was shown; "": none was
    std::int64_t certificate_ends = 0; // unix seconds, of an agent's
};
Peer peer_of(boost::asio::ip::address address);

// What was shown and found good in the handshake; nullopt: nothing was.
std::optional<pki::Certificate> certificate_of(const ssl_st* connection);

} // namespace ringwall::server
