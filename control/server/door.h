// From a knock to a TLS connection: accepts, limits, shakes hands, and hands over what is good.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/server/gate.h"
#include "control/server/peer.h"
#include "control/server/reserve.h"
#include "control/server/server.h"
#include "control/server/tls_context.h"
#include "control/server/tls_stream.h"

namespace ringwall::server {

class Door : public std::enable_shared_from_this<Door> {
  public:
    // A connection until its end.
    using Guest = std::function<boost::asio::awaitable<void>(std::shared_ptr<TlsStream>, Peer)>;

    // Make it with make_shared. `left` is called after each connection.
    Door(boost::asio::io_context& context, const ServerOptions& options, Guest guest,
         std::function<void()> left);

    ServerResult<void> set_identity(const pki::TlsSetup& identity);
    ServerResult<void> open();
    void close(); // nobody enters any more; handshakes are cut
    std::uint16_t port() const { return port_; }
    std::size_t inside() const { return inside_; } // connections, in handshake or after it
    void say_refused(const Peer& peer, const std::string& why);
    void add_to(ServerStats& stats) const;

  private:
    class Visit;
    static boost::asio::awaitable<void> accept(std::shared_ptr<Door> self);
    boost::asio::awaitable<void> wait_for_room();
    boost::asio::awaitable<void> recover(boost::system::error_code error);
    void admit(boost::asio::ip::tcp::socket socket);
    static boost::asio::awaitable<void> receive(std::shared_ptr<Door> self,
                                                boost::asio::ip::tcp::socket socket, Peer peer);
    boost::asio::awaitable<bool> shake_hands(std::shared_ptr<TlsStream> stream, Peer peer);
    void note_failure(const TlsStream& stream, const Peer& peer, boost::system::error_code failed);

    ServerOptions options_;
    Guest guest_;
    std::function<void()> left_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::uint16_t port_ = 0;
    TlsContext tls_;
    Gate gate_;
    Reserve reserve_;
    std::size_t inside_ = 0;
    bool closed_ = false;
    ServerStats stats_;
};

} // namespace ringwall::server
