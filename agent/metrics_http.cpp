#include "agent/metrics_http.h"

#include <chrono>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "common/endpoint.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;

constexpr std::size_t max_connections = 16;
constexpr auto patience = std::chrono::seconds(10);

struct Shared {
    HttpPages pages;
    std::size_t connections = 0;
};

http::response<http::string_body> page(const HttpPages& pages,
                                       const http::request<http::empty_body>& request) {
    http::response<http::string_body> response(http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto target = request.target();
    if (request.method() != http::verb::get) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, "GET");
    } else if (target == "/metrics") {
        response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
        response.body() = pages.metrics();
    } else if (target == "/livez" || target == "/healthz") {
        response.body() = "ok\n";
    } else if (target == "/readyz") {
        const auto why_not = pages.not_ready();
        if (!why_not.empty())
            response.result(http::status::service_unavailable);
        response.body() = (why_not.empty() ? "ok" : why_not) + "\n";
    } else if (target == "/version") {
        response.body() = pages.version + "\n";
    } else {
        response.result(http::status::not_found);
        response.body() = "there are /metrics, /livez, /readyz and /version\n";
    }
    response.prepare_payload();
    return response;
}

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(tcp::socket socket, std::shared_ptr<Shared> shared)
        : stream_(std::move(socket)), shared_(std::move(shared)) {
        ++shared_->connections;
    }
    ~Connection() { --shared_->connections; }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(8 * 1024);
        stream_.expires_after(patience);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](error_code error, std::size_t) {
                             if (!error)
                                 self->answer();
                         });
    }

  private:
    void answer() {
        response_ = page(shared_->pages, parser_->get());
        stream_.expires_after(patience);
        http::async_write(stream_, response_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error && self->response_.keep_alive())
                                  self->read();
                          });
    }

    beast::tcp_stream stream_;
    std::shared_ptr<Shared> shared_;
    beast::flat_buffer buffer_{16 * 1024};
    std::optional<http::request_parser<http::empty_body>> parser_;
    http::response<http::string_body> response_;
};

class PagesServer : public MetricsServer {
  public:
    PagesServer(asio::io_context& context, HttpPages pages)
        : acceptor_(context), shared_(std::make_shared<Shared>(Shared{std::move(pages)})) {}

    std::expected<void, HttpError> open(const std::string& address) {
        const auto colon = address.rfind(':');
        auto host = address.substr(0, colon);
        if (host.starts_with('['))
            host = host.substr(1, host.size() - 2);
        error_code error;
        const auto ip = asio::ip::make_address(host, error);
        const auto port =
            static_cast<std::uint16_t>(std::strtoul(address.c_str() + colon + 1, nullptr, 10));
        const tcp::endpoint endpoint(ip, port);
        if (!error)
            acceptor_.open(endpoint.protocol(), error);
        if (!error)
            acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error)
            acceptor_.bind(endpoint, error);
        if (!error)
            acceptor_.listen(16, error);
        if (error)
            return std::unexpected(HttpError{
                HttpErrc::listen, fmt::format("metrics cannot be served on {}: {}; choose "
                                              "another --metrics-listen",
                                              address, error.message())});
        accept();
        return {};
    }

    std::string address() const override {
        error_code error;
        const auto local = acceptor_.local_endpoint(error);
        return Endpoint{local.address().to_string(), local.port()}.text();
    }
    void stop() override {
        error_code ignored;
        acceptor_.close(ignored);
    }

  private:
    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted)
                return;
            if (!error && shared_->connections < max_connections)
                std::make_shared<Connection>(std::move(socket), shared_)->read();
            accept();
        });
    }

    tcp::acceptor acceptor_;
    std::shared_ptr<Shared> shared_;
};

} // namespace

std::expected<std::unique_ptr<MetricsServer>, HttpError>
MetricsServer::listen(asio::io_context& context, const std::string& address, HttpPages pages) {
    auto server = std::make_unique<PagesServer>(context, std::move(pages));
    if (auto opened = server->open(address); !opened)
        return std::unexpected(opened.error());
    return server;
}

} // namespace ringwall::agent
