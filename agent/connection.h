// One TLS connection to the controller for the session: bytes in, bytes out.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/credentials.h"

namespace boost::asio {
class io_context;
}

namespace ringwall::agent {

class Connection {
  public:
    // All from the loop, none from inside a call of this class.
    struct Events {
        std::function<void(const Endpoint&, const Address& peer)> connected;
        std::function<void(std::string_view)> received;
        std::function<void(const std::string& why)> ended; // once, and the last of all
    };
    // Tries the endpoints one after the other, each for `patience` at most.
    static std::shared_ptr<Connection> open(boost::asio::io_context& loop,
                                            std::vector<Endpoint> endpoints, pki::TlsSetup tls,
                                            std::chrono::milliseconds patience, Events events);
    virtual ~Connection() = default;

    // Bytes that the peer does not take in time, or too many of them, end the connection.
    virtual void send(std::string bytes) = 0;
    virtual void close() = 0;   // after what was sent
    virtual void abandon() = 0; // at once, without another event
};

} // namespace ringwall::agent
