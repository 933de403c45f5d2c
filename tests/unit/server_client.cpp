#include "tests/unit/server_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace ringwall::server_test {
namespace {

namespace bhttp = boost::beast::http;

sockaddr_in loopback(const std::string& address, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &out.sin_addr);
    return out;
}

int connected_socket(std::uint16_t port, const std::string& from) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto own = loopback(from, 0), other = loopback("127.0.0.1", port);
    const timeval patience{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int at_once = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0 ||
        connect(fd, reinterpret_cast<const sockaddr*>(&other), sizeof other) < 0)
        throw std::runtime_error("no connection to the server under test");
    return fd;
}

} // namespace

Socket::Socket(std::uint16_t port, const std::string& from) : fd_(connected_socket(port, from)) {}
Socket::~Socket() {
    if (fd_ >= 0)
        close(fd_);
}
Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

bool Socket::ends() const {
    std::array<char, 4096> ignored{};
    for (;;) {
        const auto got = recv(fd_, ignored.data(), ignored.size(), 0);
        if (got <= 0)
            return got == 0 || errno == ECONNRESET;
    }
}

void Client::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}
void Client::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

Client::Client(std::uint16_t port, const pki::TlsSetup& setup, const std::string& protocol,
               const std::string& from)
    : socket_(port, from), context_(SSL_CTX_new(TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);
    if (auto ready = pki::set_up(context_.get(), setup); !ready)
        throw std::runtime_error(ready.error().message);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    const auto list = static_cast<char>(protocol.size()) + protocol;
    if (!protocol.empty())
        SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
    connected_ = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

std::string Client::protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string Client::servers_serial() const {
    const auto* number = X509_get0_serialNumber(SSL_get0_peer_certificate(ssl_.get()));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
            static_cast<std::size_t>(ASN1_STRING_length(number))};
}

bool Client::say(std::string_view bytes) {
    const bool sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
                      static_cast<int>(bytes.size());
    ERR_clear_error();
    return sent;
}

std::string Client::hear() {
    if (!unread_.empty())
        return std::exchange(unread_, {});
    std::array<char, 16384> bytes{};
    const int got = SSL_read(ssl_.get(), bytes.data(), bytes.size());
    const int error = SSL_get_error(ssl_.get(), got);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ || (error == SSL_ERROR_SYSCALL && errno == EAGAIN))
        throw std::runtime_error("nothing came for ten seconds");
    return {bytes.data(), static_cast<std::size_t>(std::max(got, 0))};
}

std::string Client::hear_all() {
    std::string out;
    for (std::string more = hear(); !more.empty(); more = hear())
        out += more;
    return out;
}

std::optional<Answer> Client::answer(bool to_head) {
    bhttp::response_parser<bhttp::string_body> parser;
    parser.body_limit(boost::none);
    parser.eager(true);
    parser.skip(to_head);
    std::string bytes;
    boost::system::error_code error;
    while (!parser.is_done()) {
        const auto more = hear();
        if (more.empty() && parser.got_some())
            parser.put_eof(error);
        if (more.empty() && (error || !parser.is_done()))
            return std::nullopt;
        bytes += more;
        if (!bytes.empty())
            bytes.erase(0, parser.put(boost::asio::buffer(bytes), error));
        if (error && error != bhttp::error::need_more)
            throw std::runtime_error("no HTTP: " + error.message());
    }
    unread_ = bytes;
    Answer out{parser.get().result_int(), {}, parser.get().body()};
    for (const auto& field : parser.get())
        out.headers.emplace(field.name_string(), field.value());
    return out;
}

bool Client::ended_well() const {
    return SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN;
}

} // namespace ringwall::server_test
