#include "agent/https.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "agent/tls_dial.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t longest_answer = 1 << 20;
constexpr auto shortest_exchange = std::chrono::seconds(1);

class Exchange : public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(asio::io_context& loop, HttpsRequest request, std::function<void(HttpsResult)> done)
        : loop_(loop), request_(std::move(request)), done_(std::move(done)), deadline_(loop),
          until_(std::chrono::steady_clock::now() + request_.deadline) {
        parser_.body_limit(longest_answer);
    }

    void start() {
        dial(loop_, {request_.endpoint, request_.tls, "http/1.1", request_.deadline},
             [self = shared_from_this()](std::expected<Dialled, DialError> dialled) {
                 if (dialled)
                     return self->send(std::move(*dialled));
                 const bool refused = dialled.error().code == DialErrc::refused;
                 self->finish(std::unexpected(
                     HttpsError{refused ? HttpsErrc::refused : HttpsErrc::unreachable,
                                std::move(dialled.error().message)}));
             });
    }

  private:
    void send(Dialled connection) {
        connection_ = std::move(connection);
        deadline_.expires_at(
            std::max(until_, std::chrono::steady_clock::now() + shortest_exchange));
        deadline_.async_wait([self = shared_from_this()](error_code error) {
            if (!error)
                self->fail("no answer in time");
        });
        message_ = {http::verb::post, request_.path, 11, std::move(request_.body)};
        message_.set(http::field::host, request_.endpoint.text());
        message_.set(http::field::content_type, "application/json");
        message_.set(http::field::user_agent, "ringwall-agent");
        message_.keep_alive(false);
        message_.prepare_payload();
        http::async_write(*connection_.stream, message_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                              error ? self->fail(tls_words(error)) : self->receive();
                          });
    }

    void receive() {
        http::async_read(*connection_.stream, buffer_, parser_,
                         [self = shared_from_this()](error_code error, std::size_t) {
                             if (error)
                                 return self->fail(tls_words(error));
                             auto& answer = self->parser_.get();
                             self->finish(HttpsAnswer{answer.result_int(), std::move(answer.body()),
                                                      self->connection_.address});
                         });
    }

    void fail(const std::string& why) {
        finish(std::unexpected(
            HttpsError{HttpsErrc::protocol,
                       fmt::format("{}{}: {}", request_.endpoint.text(), request_.path, why)}));
    }

    void finish(HttpsResult result) {
        if (!done_)
            return;
        const auto done = std::exchange(done_, nullptr);
        deadline_.cancel();
        error_code ignored;
        if (connection_.stream)
            std::ignore = connection_.stream->next_layer().close(ignored);
        done(std::move(result));
    }

    asio::io_context& loop_;
    HttpsRequest request_;
    std::function<void(HttpsResult)> done_; // empty: over
    asio::steady_timer deadline_;
    std::chrono::steady_clock::time_point until_;
    Dialled connection_;
    http::request<http::string_body> message_;
    http::response_parser<http::string_body> parser_;
    boost::beast::flat_buffer buffer_;
};

} // namespace

void post(asio::io_context& loop, HttpsRequest request, std::function<void(HttpsResult)> done) {
    std::make_shared<Exchange>(loop, std::move(request), std::move(done))->start();
}

} // namespace ringwall::agent
