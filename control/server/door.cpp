#include "control/server/door.h"

#include <cerrno>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace ringwall::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto accept_pause = std::chrono::milliseconds(50); // after an error

bool is_out_of_descriptors(error_code error) {
    return error.value() == EMFILE || error.value() == ENFILE;
}

} // namespace

// A connection that is inside. Whatever ends its coroutine, it is closed then.
class Door::Visit {
  public:
    Visit(std::shared_ptr<Door> door, std::shared_ptr<TlsStream> stream)
        : door_(std::move(door)), stream_(std::move(stream)) {
        ++door_->inside_;
    }
    ~Visit() {
        stream_->abort();
        --door_->inside_;
        door_->left_();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    Visit(Visit&&) = delete;
    Visit& operator=(Visit&&) = delete;

  private:
    std::shared_ptr<Door> door_;
    std::shared_ptr<TlsStream> stream_;
};

Door::Door(asio::io_context& context, const ServerOptions& options, Guest guest,
           std::function<void()> left)
    : options_(options), guest_(std::move(guest)), left_(std::move(left)), acceptor_(context),
      pause_(context), gate_(options.handshakes) {}

ServerResult<void> Door::set_identity(const pki::TlsSetup& identity) {
    auto context = server_context(identity);
    if (!context)
        return std::unexpected(
            ServerError{ServerErrc::identity, std::move(context.error().message)});
    tls_ = std::move(*context);
    return {};
}

ServerResult<void> Door::open() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    const tcp::endpoint endpoint(address, options_.port);
    const bool dual = address.is_v6() && address.is_unspecified();
    const bool deaf = error || acceptor_.open(endpoint.protocol(), error) ||
                      acceptor_.set_option(tcp::acceptor::reuse_address(true), error) ||
                      (dual && acceptor_.set_option(asio::ip::v6_only(false), error)) ||
                      acceptor_.bind(endpoint, error) ||
                      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (deaf)
        return std::unexpected(ServerError{
            ServerErrc::listen,
            fmt::format("cannot listen on {} port {}: {}; choose another address or port",
                        options_.address, options_.port, error.message())});
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(acceptor_.get_executor(), accept(shared_from_this()),
                   [](const std::exception_ptr& fatal) {
                       if (fatal) // no memory: deaf, but alive would be worse
                           std::rethrow_exception(fatal);
                   });
    return {};
}

void Door::close() {
    closed_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    gate_.drop_all();
}

asio::awaitable<void> Door::accept(std::shared_ptr<Door> self) {
    while (!self->closed_) {
        co_await self->wait_for_room();
        auto [error, socket] =
            co_await self->acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (self->closed_)
            co_return;
        if (error)
            co_await self->recover(error);
        else
            self->admit(std::move(socket));
    }
}

// Further clients wait in the kernel's backlog. Those who only hold a place lose it to them.
asio::awaitable<void> Door::wait_for_room() {
    while (gate_.full() && !closed_) {
        if (Clock::now() >= gate_.next_drop()) {
            ++stats_.handshakes_dropped;
            gate_.drop_oldest();
            continue;
        }
        pause_.expires_at(gate_.next_drop());
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> Door::recover(error_code error) {
    ++stats_.accept_errors;
    if (is_out_of_descriptors(error))
        reserve_.turn_away(acceptor_.native_handle());
    pause_.expires_after(accept_pause);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Door::admit(tcp::socket socket) {
    ++stats_.accepted;
    error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error)
        return; // gone already
    auto peer = peer_of(remote.address());
    if (gate_.crowded(peer.network)) {
        ++stats_.handshakes_crowded;
        return;
    }
    socket.set_option(tcp::no_delay(true), error);
    asio::co_spawn(acceptor_.get_executor(),
                   receive(shared_from_this(), std::move(socket), std::move(peer)), asio::detached);
}

asio::awaitable<void> Door::receive(std::shared_ptr<Door> self, tcp::socket socket, Peer peer) {
    const auto stream =
        std::make_shared<TlsStream>(std::move(socket), self->tls_.get(), TlsStream::Role::server);
    const Visit visit(self, stream);
    const bool good = co_await self->shake_hands(stream, peer);
    if (good && !self->closed_)
        co_await self->guest_(stream, std::move(peer));
}

asio::awaitable<bool> Door::shake_hands(std::shared_ptr<TlsStream> stream, Peer peer) {
    const auto ticket = gate_.enter(peer.network, Clock::now(), [stream] { stream->abort(); });
    stream->expires_at(Clock::now() + options_.handshake_within);
    const auto failed = co_await stream->handshake();
    if (failed) {
        note_failure(*stream, peer, failed);
        if (failed != asio::error::timed_out)
            co_await stream->close(); // so that the alert arrives
    }
    gate_.leave(ticket);
    pause_.cancel();
    stream->expires_at(http::Instant::max());
    co_return !failed;
}

void Door::note_failure(const TlsStream& stream, const Peer& peer, error_code failed) {
    ++(failed == asio::error::timed_out ? stats_.handshakes_timed_out : stats_.handshakes_failed);
    if (const auto why = pki::refusal(stream.native()))
        say_refused(peer, why->message);
}

void Door::say_refused(const Peer& peer, const std::string& why) {
    ++stats_.certificates_refused;
    if (options_.refused)
        options_.refused(peer.address + ": " + why);
}

void Door::add_to(ServerStats& stats) const {
    stats.accepted = stats_.accepted;
    stats.accept_errors = stats_.accept_errors;
    stats.handshakes = gate_.inside();
    stats.handshakes_failed = stats_.handshakes_failed;
    stats.handshakes_timed_out = stats_.handshakes_timed_out;
    stats.handshakes_crowded = stats_.handshakes_crowded;
    stats.handshakes_dropped = stats_.handshakes_dropped;
    stats.certificates_refused = stats_.certificates_refused;
}

} // namespace ringwall::server
