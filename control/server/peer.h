// Who is at the other end of a connection.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "common/pki/tls.h"
#include "control/pki/identity.h"

namespace ringwall::server {

struct Peer {
    std::string address; // "192.0.2.7", also when it came over IPv6 (::ffff:192.0.2.7)
    std::string network; // what limits count by: the IPv4 address, the /64 of an IPv6 one
};
Peer peer_of(boost::asio::ip::address address);

// Of the certificate that was shown and found good in the handshake; nullopt: none was.
std::optional<pki::Identity> identity_of(const ssl_st* connection);

} // namespace ringwall::server
