#include "control/client/connection.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

#include "common/pki/tls.h"

namespace ringwall::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using Code = boost::system::error_code;

constexpr std::size_t piece_size = 64 * 1024;
constexpr unsigned char http_1_1[] = "\x08http/1.1";

std::unexpected<Error> fail(Errc code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}

Headers headers_of(const http::fields& fields) {
    Headers out;
    for (const auto& field : fields) {
        std::string name(field.name_string());
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        out.emplace(std::move(name), std::string(field.value()));
    }
    return out;
}

bool is_bad_http(const Code& error) {
    return error.category() == http::make_error_code(http::error::bad_line_ending).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

} // namespace

class Connection::Impl {
  public:
    explicit Impl(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

    Result<void> open(const Trust& trust, Milliseconds within) {
        const auto end = Clock::now() + within;
        const pki::TlsSetup setup{.check = [trust](const auto& chain) {
            return judge(trust, chain, std::time(nullptr));
        }};
        if (auto ready = pki::set_up(tls_.native_handle(), setup); !ready)
            return fail(Errc::unreachable, ready.error().message);
        auto resolved = resolve(within);
        if (!resolved)
            return std::unexpected(resolved.error());
        stream_.emplace(io_, tls_);
        if (auto connected = connect(*resolved, end); !connected)
            return connected;
        return shake_hands(end);
    }

    Result<Head> ask(const Outgoing& request, Milliseconds within) {
        auto message = message_of(request);
        if (!message)
            return std::unexpected(message.error());
        const auto end = Clock::now() + within;
        beast::get_lowest_layer(*stream_).expires_at(end);
        const auto sent = wait([&](auto done) { http::async_write(*stream_, *message, done); });
        if (sent == beast::error::timeout)
            return fail(Errc::timeout, silent(within));
        // An answer may be there also when not all was taken: a refusal by size or token.
        parser_.emplace();
        parser_->body_limit(boost::none);
        parser_->header_limit(64 * 1024);
        const auto read =
            wait([&](auto done) { http::async_read_header(*stream_, buffer_, *parser_, done); });
        if (read)
            return std::unexpected(broken(read, within));
        return Head{parser_->get().result_int(), headers_of(parser_->get().base())};
    }

    Result<std::string> more(Milliseconds within) {
        std::string out(piece_size, '\0');
        beast::get_lowest_layer(*stream_).expires_after(within);
        while (!parser_->is_done()) {
            auto& body = parser_->get().body();
            body.data = out.data();
            body.size = out.size();
            body.more = true;
            auto read =
                wait([&](auto done) { http::async_read_some(*stream_, buffer_, *parser_, done); });
            if (read && read != http::error::need_buffer)
                return std::unexpected(broken(read, within));
            if (const auto got = out.size() - body.size; got > 0) {
                out.resize(got);
                return out;
            }
        }
        return std::string();
    }

    bool reusable() const { return parser_ && parser_->is_done() && parser_->keep_alive(); }

  private:
    using Stream = beast::ssl_stream<beast::tcp_stream>;
    using Addresses = asio::ip::tcp::resolver::results_type;

    // Starts one operation of the stream and waits for it; the stream's own deadline ends it.
    template <typename Start>
    Code wait(Start start) {
        Code out;
        start([&out](Code error, auto&&...) { out = error; });
        io_.restart();
        io_.run();
        return out;
    }

    // getaddrinfo() cannot be ended: its own limits (resolv.conf) hold where they are shorter.
    Result<Addresses> resolve(Milliseconds within) {
        std::optional<std::pair<Code, Addresses>> found;
        resolver_.async_resolve(endpoint_.host, std::to_string(endpoint_.port),
                                [&found](Code error, Addresses addresses) {
                                    found.emplace(error, std::move(addresses));
                                });
        io_.run_for(within);
        if (!found)
            return fail(Errc::unreachable, fmt::format("{}: the name is not resolved within {} s",
                                                       endpoint_.text(), within.count() / 1000.0));
        if (found->first)
            return fail(Errc::unreachable, fmt::format("{}: {}: is the name right?",
                                                       endpoint_.text(), found->first.message()));
        return std::move(found->second);
    }

    Result<void> connect(const Addresses& addresses, Clock::time_point end) {
        beast::get_lowest_layer(*stream_).expires_at(end);
        const auto error = wait(
            [&](auto done) { beast::get_lowest_layer(*stream_).async_connect(addresses, done); });
        if (!error)
            return {};
        return fail(
            Errc::unreachable,
            fmt::format("{}: {}: does the controller run there, and may this host reach it?",
                        endpoint_.text(),
                        error == beast::error::timeout ? "no connection in time"
                                                       : error.message()));
    }

    Result<void> shake_hands(Clock::time_point end) {
        auto* tls = stream_->native_handle();
        if (endpoint_.host.find_first_not_of("0123456789.:") != endpoint_.host.npos)
            SSL_set_tlsext_host_name(tls, endpoint_.host.c_str());
        SSL_set_alpn_protos(tls, http_1_1, sizeof http_1_1 - 1);
        beast::get_lowest_layer(*stream_).expires_at(end);
        const auto error = wait(
            [&](auto done) { stream_->async_handshake(asio::ssl::stream_base::client, done); });
        if (!error)
            return {};
        if (const auto refused = pki::refusal(tls))
            return fail(Errc::untrusted, fmt::format("{}: its certificate is refused: {}",
                                                     endpoint_.text(), refused->message));
        if (error == beast::error::timeout)
            return fail(Errc::unreachable,
                        endpoint_.text() + ": no TLS handshake in time: is that a controller?");
        return fail(Errc::unreachable, fmt::format("{}: no TLS 1.3 with it ({}): is that the "
                                                   "controller's port?",
                                                   endpoint_.text(), error.message()));
    }

    Result<http::request<http::string_body>> message_of(const Outgoing& request) const {
        http::request<http::string_body> out;
        out.version(11);
        out.method_string(request.method);
        out.target(request.target);
        out.set(http::field::host, endpoint_.text().substr(8));
        for (const auto& [name, value] : request.headers) {
            if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos)
                return fail(Errc::bad_request,
                            fmt::format("the header {} has line ends in its value", name));
            out.set(name, value);
        }
        out.body() = request.body;
        out.prepare_payload();
        return out;
    }

    std::string silent(Milliseconds within) const {
        return fmt::format("{}: connected, but no answer within {} s", endpoint_.text(),
                           static_cast<double>(within.count()) / 1000);
    }

    Error broken(const Code& error, Milliseconds within) const {
        if (error == beast::error::timeout)
            return {Errc::timeout, silent(within)};
        if (is_bad_http(error))
            return {Errc::malformed, fmt::format("{}: its answer is no HTTP ({})", endpoint_.text(),
                                                 error.message())};
        return {Errc::lost, fmt::format("{}: the connection ended before the answer ({})",
                                        endpoint_.text(), error.message())};
    }

    Endpoint endpoint_;
    asio::io_context io_{1};
    asio::ssl::context tls_{asio::ssl::context::tls_client};
    asio::ip::tcp::resolver resolver_{io_};
    std::optional<Stream> stream_;
    beast::flat_buffer buffer_{128 * 1024};
    std::optional<http::response_parser<http::buffer_body>> parser_;
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const Endpoint& endpoint, const Trust& trust,
                                                     Milliseconds within) {
    auto impl = std::make_unique<Impl>(endpoint);
    if (auto opened = impl->open(trust, within); !opened)
        return std::unexpected(opened.error());
    return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Result<Head> Connection::ask(const Outgoing& request, Milliseconds within) {
    return impl_->ask(request, within);
}

Result<std::string> Connection::more(Milliseconds within) {
    return impl_->more(within);
}

bool Connection::reusable() const {
    return impl_->reusable();
}

} // namespace ringwall::client
