// One TLS connection over a socket. It keeps no buffers beside OpenSSL's, which are given back
// while nothing is under way: with thousands of idle agents that is most of what they cost
// (asio::ssl::stream holds 68 KiB for each).
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/pki/tls.h"
#include "control/http/stream.h"

namespace ringwall::server {

class TlsStream final : public http::Stream, public std::enable_shared_from_this<TlsStream> {
  public:
    enum class Role { client, server };
    // Make it with make_shared.
    TlsStream(boost::asio::ip::tcp::socket socket, ssl_ctx_st* context, Role role);
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;
    TlsStream(TlsStream&&) = delete;
    TlsStream& operator=(TlsStream&&) = delete;
    ~TlsStream() override;

    boost::asio::awaitable<error_code> handshake();
    boost::asio::awaitable<std::expected<std::size_t, error_code>>
    read_some(std::span<char> into) override;
    boost::asio::awaitable<error_code> write(std::string_view bytes) override;
    void expires_at(http::Instant deadline) override;
    boost::asio::awaitable<void> close() override;
    void abort() override;
    boost::asio::any_io_executor executor() override { return socket_.get_executor(); }

    // The two halves of read_some(), for who shares a buffer between connections: what is there
    // now (0: nothing yet), and waiting after a 0.
    std::expected<std::size_t, error_code> read_now(std::span<char> into);
    boost::asio::awaitable<error_code> readable();
    // As much as the socket takes at once; what is left over goes to write(), before anything else.
    std::expected<std::size_t, error_code> write_now(std::string_view bytes);
    // Says that nothing more will be written. What the peer still sends may be read.
    void finish();

    const ssl_st* native() const { return ssl_.get(); }

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    using Wait = boost::asio::ip::tcp::socket::wait_type;
    std::expected<Wait, error_code> want(int result) const;
    boost::asio::awaitable<error_code> wait(Wait what);
    error_code failure() const;
    void pass_deadline();

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<ssl_st, Free> ssl_;
    boost::asio::steady_timer timer_;
    http::Instant deadline_ = http::Instant::max();
    Wait read_wants_ = boost::asio::ip::tcp::socket::wait_read;
    bool expired_ = false, aborted_ = false, finished_ = false;
};

} // namespace ringwall::server
