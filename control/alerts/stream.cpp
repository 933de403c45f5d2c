#include "control/alerts/stream.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <optional>
#include <type_traits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <fmt/format.h>

#include "common/ip.h"

namespace ringwall::alerts {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using Patience = Stream::Patience;
using Tcp = boost::beast::tcp_stream;
using Tls = ssl::stream<Tcp>;
template <typename T>
using Outcome = Stream::Outcome<T>;

constexpr Patience shut_down_patience = std::chrono::seconds(1);
constexpr int silence_ms = 30'000; // unacknowledged that long: the connection is dead

class SslTrust : public Trust {
  public:
    ssl::context context{ssl::context::tls_client};
};

SslTrust& ssl_of(Trust& trust) {
    return static_cast<SslTrust&>(trust); // NOLINT(*-static-cast-downcast): load() makes no other
}

// A TCP connection ends so only when nothing was left unread there; else it is reset.
bool closed(const error_code& error) {
    return error == asio::error::eof || error == ssl::error::stream_truncated;
}

std::string words(const error_code& error) {
    if (error == boost::beast::error::timeout)
        return "no answer in time";
    if (closed(error))
        return "the other side closed the connection";
    return error.message();
}

std::unexpected<Stream::Trouble> fail(std::string why) {
    return std::unexpected(Stream::Trouble{std::move(why)});
}

std::unexpected<Stream::Trouble> failed(std::string_view step, const error_code& error) {
    return std::unexpected(
        Stream::Trouble{fmt::format("{}: {}", step, words(error)), closed(error)});
}

void set_expiry(Tcp& stream, Patience patience) {
    if (patience == Patience::zero())
        stream.expires_never();
    else
        stream.expires_after(patience);
}

template <typename Layer>
class Socket final : public Stream, public std::enable_shared_from_this<Socket<Layer>> {
  public:
    explicit Socket(Layer layer) : layer_(std::move(layer)) {}

    asio::awaitable<Outcome<void>> write(std::string_view bytes, Patience patience) override {
        set_expiry(tcp(), patience);
        auto [error, size] = co_await asio::async_write(layer_, asio::buffer(bytes), as_outcome);
        if (error)
            co_return failed("sending", error);
        co_return Outcome<void>();
    }

    asio::awaitable<Outcome<std::size_t>> read(std::span<char> into, Patience patience) override {
        set_expiry(tcp(), patience);
        auto [error, size] =
            co_await layer_.async_read_some(asio::buffer(into.data(), into.size()), as_outcome);
        if (error)
            co_return failed("receiving", error);
        co_return size;
    }

    bool acknowledged() override {
        int waiting = 0;
        return ioctl(tcp().socket().native_handle(), SIOCOUTQ, &waiting) == 0 && waiting == 0;
    }

    asio::awaitable<void> shut_down() override {
        if constexpr (std::is_same_v<Layer, Tls>) {
            // Not the stream's own expiry: that leaves a read() alone which is under way.
            asio::steady_timer limit(tcp().get_executor(), shut_down_patience);
            limit.async_wait([self = this->shared_from_this()](const error_code& error) {
                if (!error)
                    self->close();
            });
            co_await layer_.async_shutdown(as_outcome);
        }
        close();
        co_return;
    }

    void close() override { tcp().close(); }

    Layer& layer() { return layer_; }

  private:
    Tcp& tcp() { return boost::beast::get_lowest_layer(layer_); }
    Layer layer_;
};

// A resolver's thread cannot be stopped; who waited for it longer than the time goes on without.
struct Resolving {
    explicit Resolving(const asio::any_io_executor& executor)
        : resolver(executor), done(executor) {}
    tcp::resolver resolver;
    asio::steady_timer done;
    std::optional<error_code> error;
    tcp::resolver::results_type results;
};

asio::awaitable<Outcome<tcp::resolver::results_type>>
resolve(asio::any_io_executor executor, Endpoint endpoint, Patience patience) {
    const auto state = std::make_shared<Resolving>(executor);
    state->done.expires_after(patience);
    state->resolver.async_resolve(
        endpoint.host, endpoint.port,
        [state](const error_code& error, tcp::resolver::results_type results) {
            state->error = error;
            state->results = std::move(results);
            state->done.cancel();
        });
    co_await state->done.async_wait(as_outcome);
    if (!state->error)
        co_return fail(fmt::format("looking up {}: no answer in time", endpoint.host));
    if (*state->error)
        co_return failed(fmt::format("looking up {}", endpoint.host), *state->error);
    co_return state->results;
}

// A collector that vanished without a word is noticed also while nothing is sent.
void watch_for_silence(tcp::socket& socket) {
    struct Option {
        int level, name, value;
    };
    for (const auto& [level, name, value] :
         {Option{SOL_SOCKET, SO_KEEPALIVE, 1}, Option{IPPROTO_TCP, TCP_KEEPIDLE, 15},
          Option{IPPROTO_TCP, TCP_KEEPINTVL, 5}, Option{IPPROTO_TCP, TCP_KEEPCNT, 3},
          Option{IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms}, Option{IPPROTO_TCP, TCP_NODELAY, 1}})
        setsockopt(socket.native_handle(), level, name, &value, sizeof value);
}

// OpenSSL itself compares the name, so that its verdict names a mismatch.
bool expect_name(SSL* connection, const std::string& host) {
    auto* wanted = SSL_get0_param(connection);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (Address::parse(host))
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    return SSL_set1_host(connection, host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

asio::awaitable<Outcome<std::shared_ptr<Stream>>>
make_tls(Tcp connected, std::string host, std::shared_ptr<Trust> trust, Patience patience) {
    Tls layer(std::move(connected), ssl_of(*trust).context);
    auto stream = std::make_shared<Socket<Tls>>(std::move(layer));
    auto* native = stream->layer().native_handle();
    if (!expect_name(native, host))
        co_return fail(fmt::format("TLS cannot be told to expect the name {}", host));
    boost::beast::get_lowest_layer(stream->layer()).expires_after(patience);
    auto [error] = co_await stream->layer().async_handshake(ssl::stream_base::client, as_outcome);
    if (!error)
        co_return stream;
    const auto verdict = SSL_get_verify_result(native);
    if (verdict != X509_V_OK)
        co_return fail(fmt::format("its certificate is not accepted ({}); name the CA that issued "
                                   "it with ca:, or correct the host's name",
                                   X509_verify_cert_error_string(verdict)));
    co_return failed("TLS", error);
}

} // namespace

Result<std::shared_ptr<Trust>> Trust::load(const std::string& ca) {
    auto trust = std::make_shared<SslTrust>();
    trust->context.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_min_proto_version(trust->context.native_handle(), TLS1_2_VERSION);
    error_code error;
    error = ca.empty() ? trust->context.set_default_verify_paths(error)
                       : trust->context.load_verify_file(ca, error);
    if (error)
        return std::unexpected(Error{
            Errc::file, fmt::format("{}: no CA certificates can be read ({}); name a PEM file",
                                    ca.empty() ? "the system's CA store" : ca, error.message())});
    return trust;
}

asio::awaitable<Outcome<std::shared_ptr<Stream>>> open_stream(asio::any_io_executor executor,
                                                              Endpoint endpoint,
                                                              std::shared_ptr<Trust> trust,
                                                              Patience patience) {
    const auto found = co_await resolve(executor, endpoint, patience);
    if (!found)
        co_return std::unexpected(found.error());
    Tcp connecting(executor);
    connecting.expires_after(patience);
    auto [error, reached] = co_await connecting.async_connect(*found, as_outcome);
    if (error)
        co_return failed("connecting", error);
    watch_for_silence(connecting.socket());
    if (endpoint.tls)
        co_return co_await make_tls(std::move(connecting), endpoint.host, trust, patience);
    co_return std::make_shared<Socket<Tcp>>(std::move(connecting));
}

} // namespace ringwall::alerts
