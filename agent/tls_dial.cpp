#include "agent/tls_dial.h"

#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Outcome = std::expected<Dialled, DialError>;

constexpr std::size_t longest_protocol = 255;

Address address_of(const tcp::endpoint& peer) {
    return Address::parse(peer.address().to_string()).value_or(Address{});
}

// One attempt. Whoever is first, the coroutine or the deadline, tells how it ended.
class Attempt : public std::enable_shared_from_this<Attempt> {
  public:
    Attempt(asio::io_context& loop, DialTarget target, std::function<void(Outcome)> done)
        : target_(std::move(target)), done_(std::move(done)), resolver_(loop), deadline_(loop) {}

    static void start(const std::shared_ptr<Attempt>& self) {
        self->deadline_.expires_after(self->target_.deadline);
        self->deadline_.async_wait([self](error_code error) {
            if (!error)
                self->finish(fail(DialErrc::timed_out,
                                  fmt::format("{} did not answer in {} s", self->where(),
                                              self->target_.deadline.count() / 1000)));
        });
        asio::co_spawn(self->resolver_.get_executor(), run(self), asio::detached);
    }

  private:
    static asio::awaitable<void> run(std::shared_ptr<Attempt> self) {
        auto ready = self->set_up();
        if (ready)
            ready = co_await connect(self);
        if (ready)
            ready = co_await handshake(self);
        self->finish(ready ? Outcome(std::move(self->out_)) : std::unexpected(ready.error()));
    }

    using Step = std::expected<void, DialError>;

    Step set_up() {
        out_.context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
        if (auto ready = pki::set_up(out_.context->native_handle(), target_.tls); !ready)
            return fail(DialErrc::setup, ready.error().message);
        out_.stream = std::make_unique<TlsStream>(resolver_.get_executor(), *out_.context);
        auto* connection = out_.stream->native_handle();
        std::string offered(1, static_cast<char>(target_.protocol.size()));
        offered += target_.protocol;
        const auto* bytes = reinterpret_cast<const unsigned char*>(offered.data());
        if (target_.protocol.size() > longest_protocol ||
            SSL_set_alpn_protos(connection, bytes, static_cast<unsigned>(offered.size())) != 0)
            return fail(DialErrc::setup, "the TLS protocol name could not be set");
        if (!Address::parse(target_.endpoint.host))
            SSL_set_tlsext_host_name(connection, target_.endpoint.host.c_str());
        return {};
    }

    static asio::awaitable<Step> connect(std::shared_ptr<Attempt> self) {
        const auto& endpoint = self->target_.endpoint;
        const auto [unknown, found] = co_await self->resolver_.async_resolve(
            endpoint.host, std::to_string(endpoint.port), tcp::resolver::numeric_service,
            asio::as_tuple(asio::use_awaitable));
        if (unknown)
            co_return fail(DialErrc::unreachable, fmt::format("the name {} cannot be resolved: {}",
                                                              endpoint.host, unknown.message()));
        if (self->over())
            co_return fail(DialErrc::timed_out, "");
        auto& socket = self->out_.stream->next_layer();
        const auto [error, peer] =
            co_await asio::async_connect(socket, found, asio::as_tuple(asio::use_awaitable));
        if (error)
            co_return fail(DialErrc::unreachable,
                           fmt::format("{} cannot be reached: {}", self->where(), error.message()));
        error_code ignored;
        std::ignore = socket.set_option(tcp::no_delay(true), ignored);
        self->out_.address = address_of(peer);
        co_return Step{};
    }

    static asio::awaitable<Step> handshake(std::shared_ptr<Attempt> self) {
        const auto [error] = co_await self->out_.stream->async_handshake(
            TlsStream::client, asio::as_tuple(asio::use_awaitable));
        auto* connection = self->out_.stream->native_handle();
        if (const auto refused = pki::refusal(connection))
            co_return fail(DialErrc::refused,
                           fmt::format("{}: {}", self->where(), refused->message));
        if (error)
            co_return fail(DialErrc::unreachable, fmt::format("no TLS 1.3 connection to {}: {}",
                                                              self->where(), tls_words(error)));
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(connection, &chosen, &size);
        if (std::string_view(reinterpret_cast<const char*>(chosen), size) != self->target_.protocol)
            co_return fail(DialErrc::unreachable,
                           fmt::format("{} does not speak {}: is this the port of a Ringwall "
                                       "controller?",
                                       self->where(), self->target_.protocol));
        co_return Step{};
    }

    bool over() const { return !done_; }

    void finish(Outcome outcome) {
        if (over())
            return;
        const auto done = std::exchange(done_, nullptr);
        deadline_.cancel();
        resolver_.cancel();
        error_code ignored;
        if (!outcome && out_.stream)
            std::ignore = out_.stream->next_layer().close(ignored);
        done(std::move(outcome));
    }

    std::string where() const { return target_.endpoint.text(); }

    DialTarget target_;
    std::function<void(Outcome)> done_; // empty: over
    tcp::resolver resolver_;
    asio::steady_timer deadline_;
    Dialled out_;
};

std::string alert_words(int reason) {
    switch (reason) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "this host's certificate has expired by the controller's clock";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return "this host's certificate was revoked";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "this host's certificate is of another controller";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "this host's certificate was refused";
    default:
        return {};
    }
}

} // namespace

void dial(asio::io_context& loop, DialTarget target, std::function<void(Outcome)> done) {
    Attempt::start(std::make_shared<Attempt>(loop, std::move(target), std::move(done)));
}

std::string tls_words(const error_code& error) {
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
        return "the controller closed the connection";
    const auto alert = error.category() == asio::error::get_ssl_category()
                           ? alert_words(ERR_GET_REASON(static_cast<unsigned long>(error.value())))
                           : std::string{};
    return alert.empty() ? error.message()
                         : alert + "; pair it again: ringwall-agent pair --replace LINE";
}

} // namespace ringwall::agent
