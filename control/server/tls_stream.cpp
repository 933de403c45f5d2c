#include "control/server/tls_stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "control/server/socket_bio.h"

namespace ringwall::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// So long and so much is waited for the peer's end, so that what was written last arrives before
// the kernel resets a connection with unread bytes.
constexpr auto linger = std::chrono::seconds(2);
constexpr std::size_t linger_bytes = 1024 * 1024;

error_code library_error() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    return {static_cast<int>(code), asio::error::get_ssl_category()};
}

} // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

TlsStream::TlsStream(tcp::socket socket, ssl_ctx_st* context, Role role)
    : socket_(std::move(socket)), ssl_(SSL_new(context)), timer_(socket_.get_executor()) {
    BIO* bio = ssl_ ? socket_bio(socket_.native_handle()) : nullptr;
    if (!bio)
        throw std::bad_alloc();
    SSL_set_bio(ssl_.get(), bio, bio); // takes it
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    role == Role::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
}
TlsStream::~TlsStream() = default;

asio::awaitable<error_code> TlsStream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1)
            co_return error_code{};
        const auto wanted = want(result);
        if (!wanted)
            co_return wanted.error();
        const auto failed = co_await wait(*wanted);
        if (failed)
            co_return failed;
    }
}

std::expected<std::size_t, error_code> TlsStream::read_now(std::span<char> into) {
    if (const auto failed = failure())
        return std::unexpected(failed);
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    if (result == 1)
        return got;
    const auto wanted = want(result);
    if (!wanted)
        return std::unexpected(wanted.error());
    read_wants_ = *wanted;
    return 0;
}

asio::awaitable<error_code> TlsStream::readable() {
    return wait(read_wants_);
}

asio::awaitable<std::expected<std::size_t, error_code>> TlsStream::read_some(std::span<char> into) {
    for (;;) {
        const auto got = read_now(into);
        if (!got || *got > 0)
            co_return got;
        const auto failed = co_await readable();
        if (failed)
            co_return std::unexpected(failed);
    }
}

std::expected<std::size_t, error_code> TlsStream::write_now(std::string_view bytes) {
    std::size_t sent = 0, all = 0;
    if (const auto failed = failure())
        return std::unexpected(failed);
    ERR_clear_error();
    int result = 1;
    for (; result == 1 && all < bytes.size(); all += sent) {
        sent = 0;
        result = SSL_write_ex(ssl_.get(), bytes.data() + all, bytes.size() - all, &sent);
    }
    if (result == 1)
        return all;
    if (const auto wanted = want(result); !wanted)
        return std::unexpected(wanted.error());
    return all;
}

asio::awaitable<error_code> TlsStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (const auto failed = failure())
            co_return failed;
        ERR_clear_error();
        std::size_t sent = 0;
        const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
        bytes.remove_prefix(result == 1 ? sent : 0);
        if (result == 1)
            continue;
        const auto wanted = want(result);
        if (!wanted)
            co_return wanted.error();
        const auto failed = co_await wait(*wanted);
        if (failed)
            co_return failed;
    }
    co_return error_code{};
}

void TlsStream::expires_at(http::Instant deadline) {
    expired_ = false;
    if (std::exchange(deadline_, deadline) != http::Instant::max())
        timer_.cancel();
    if (deadline == http::Instant::max())
        return;
    timer_.expires_at(deadline);
    timer_.async_wait([stream = weak_from_this()](error_code error) {
        if (const auto self = stream.lock(); self && !error)
            self->pass_deadline();
    });
}

void TlsStream::pass_deadline() {
    if (std::chrono::steady_clock::now() < deadline_) // it was moved meanwhile
        return;
    expired_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void TlsStream::finish() {
    if (aborted_ || std::exchange(finished_, true))
        return;
    if (SSL_is_init_finished(ssl_.get()))
        SSL_shutdown(ssl_.get());
    ERR_clear_error();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> TlsStream::close() {
    error_code ignored;
    socket_.cancel(ignored);
    finish();
    expires_at(std::chrono::steady_clock::now() + linger);
    std::array<char, 4096> unread{};
    for (std::size_t total = 0; !aborted_ && total < linger_bytes;) {
        const auto failed = co_await wait(tcp::socket::wait_read);
        const auto got =
            failed ? 0 : recv(socket_.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        total += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    abort();
}

void TlsStream::abort() {
    if (std::exchange(aborted_, true))
        return;
    error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
}

// What must happen before the last call is tried again.
std::expected<TlsStream::Wait, error_code> TlsStream::want(int result) const {
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return tcp::socket::wait_read;
    case SSL_ERROR_WANT_WRITE:
        return tcp::socket::wait_write;
    case SSL_ERROR_ZERO_RETURN:
        return std::unexpected(asio::error::eof);
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return std::unexpected(asio::error::connection_reset);
    default:
        return std::unexpected(library_error());
    }
}

asio::awaitable<error_code> TlsStream::wait(Wait what) {
    const auto before = failure();
    if (before)
        co_return before;
    const auto [error] = co_await socket_.async_wait(what, asio::as_tuple(asio::use_awaitable));
    const auto after = failure();
    co_return after ? after : error;
}

error_code TlsStream::failure() const {
    if (aborted_)
        return asio::error::operation_aborted;
    return expired_ ? error_code(asio::error::timed_out) : error_code();
}

} // namespace ringwall::server
