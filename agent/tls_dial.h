// Private to connection.cpp and https.cpp: one TLS 1.3 connection as a client, with a deadline.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "agent/credentials.h"
#include "common/error.h"

namespace ringwall::agent {

enum class DialErrc { setup, unreachable, timed_out, refused };
using DialError = BasicError<DialErrc>;

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

struct Dialled {
    std::unique_ptr<boost::asio::ssl::context> context; // outlives the stream
    std::unique_ptr<TlsStream> stream;
    Address address; // of the peer
};

struct DialTarget {
    Endpoint endpoint;
    pki::TlsSetup tls;
    std::string protocol; // ALPN: the peer must choose it
    std::chrono::milliseconds deadline{};
};

// `done` is called once, from the loop; a name that takes too long to resolve is left behind.
void dial(boost::asio::io_context& loop, DialTarget target,
          std::function<void(std::expected<Dialled, DialError>)> done);

// What an error of an established connection means. TLS 1.3 tells a client that its certificate is
// refused only after the handshake.
std::string tls_words(const boost::system::error_code& error);

} // namespace ringwall::agent
