// A client of the server under test: plain OpenSSL over a blocking socket, so that nothing of the
// server's own I/O is used on both sides. Every wait has a deadline of ten seconds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/pki/tls.h"

namespace ringwall::server_test {

// A TCP connection from one of loopback's addresses, closed with the object.
class Socket {
  public:
    explicit Socket(std::uint16_t port, const std::string& from = "127.0.0.1");
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&&) = delete;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    int fd() const { return fd_; }
    bool ends() const; // waits until the other side has closed it; what it sends is thrown away

  private:
    int fd_;
};

struct Answer {
    unsigned status = 0;
    std::map<std::string, std::string> headers; // names as sent
    std::string body;
};

class Client {
  public:
    // No ALPN where `protocol` is empty.
    Client(std::uint16_t port, const pki::TlsSetup& setup, const std::string& protocol = {},
           const std::string& from = "127.0.0.1");
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) = delete;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // As far as the client sees: TLS 1.3 tells it of a refused certificate when it reads.
    bool connected() const { return connected_; }
    std::string protocol() const; // that the server chose
    std::string servers_serial() const;
    bool say(std::string_view bytes);
    std::string hear();     // what comes next; "": the end
    std::string hear_all(); // until the end
    // The next HTTP answer; nullopt when the connection ends before it is whole.
    std::optional<Answer> answer(bool to_head = false);
    bool ended_well() const; // by a close_notify
    int fd() const { return socket_.fd(); }

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
        void operator()(ssl_ctx_st* context) const;
    };
    Socket socket_;
    std::unique_ptr<ssl_ctx_st, Free> context_;
    std::unique_ptr<ssl_st, Free> ssl_;
    std::string unread_;
    bool connected_ = false;
};

} // namespace ringwall::server_test
