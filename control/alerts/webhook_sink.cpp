#include <array>
#include <sstream>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "common/pki/key_file.h"
#include "control/alerts/courier.h"
#include "control/alerts/webhook_text.h"

namespace ringwall::alerts {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t largest_answer = 64 * 1024;

struct Answer {
    unsigned status = 0;
    bool keep_alive = false;
};

class WebhookSink final : public Courier {
  public:
    WebhookSink(asio::io_context& context, const WebhookConfig& config,
                std::shared_ptr<Trust> trust, std::string secret, const SinkOptions& options)
        : Courier(context, "webhook " + config.endpoint.text, config.endpoint, std::move(trust),
                  options),
          secret_(std::move(secret)) {}

  private:
    bool always_connected() const override { return false; }
    asio::awaitable<End> serve(std::shared_ptr<Stream> stream) override;
    std::string request(const Alert& alert) const;
    asio::awaitable<Stream::Outcome<Answer>> receive(std::shared_ptr<Stream> stream) const;
    std::string judge(const Answer& answer);

    std::string secret_;
};

std::string host_field(const Endpoint& endpoint) {
    const auto host = endpoint.host.contains(':') ? "[" + endpoint.host + "]" : endpoint.host;
    return endpoint.port == (endpoint.tls ? "443" : "80") ? host : host + ":" + endpoint.port;
}

std::string WebhookSink::request(const Alert& alert) const {
    http::request<http::string_body> out(http::verb::post, endpoint().target, 11);
    out.set(http::field::host, host_field(endpoint()));
    out.set(http::field::user_agent, options().origin.program);
    out.set(http::field::content_type, "application/json");
    out.body() = webhook_body(alert, options().origin);
    if (!secret_.empty())
        out.set("X-Ringwall-Signature", webhook_signature(secret_, out.body()));
    out.prepare_payload();
    std::ostringstream text;
    text << out;
    return std::move(text).str();
}

// All of the answer, so that the next request finds the connection empty.
asio::awaitable<Stream::Outcome<Answer>>
WebhookSink::receive(std::shared_ptr<Stream> stream) const {
    http::response_parser<http::string_body> parser;
    parser.body_limit(largest_answer);
    parser.eager(true);
    std::array<char, 4096> chunk{};
    boost::beast::flat_buffer buffer(largest_answer);
    const auto deadline = now() + options().tuning.patience;
    const auto complete = [&] { // an answer without a length ends with the connection: not awaited
        return parser.is_done() || (parser.is_header_done() && parser.need_eof());
    };
    while (!complete()) {
        const auto left = deadline - now();
        if (left <= left.zero())
            co_return std::unexpected(Stream::Trouble{"receiving: no answer in time"});
        const auto got = co_await stream->read(chunk, left);
        if (!got)
            co_return std::unexpected(got.error());
        buffer.commit(asio::buffer_copy(buffer.prepare(*got), asio::buffer(chunk, *got)));
        error_code error;
        buffer.consume(parser.put(buffer.data(), error));
        if (error && error != http::error::need_more)
            co_return std::unexpected(Stream::Trouble{"its answer is no HTTP: " + error.message()});
    }
    co_return Answer{parser.get().result_int(), parser.keep_alive()};
}

// Empty: go on with the next alert.
std::string WebhookSink::judge(const Answer& answer) {
    const auto status = answer.status;
    if (status >= 200 && status < 300) {
        outbox.arrived(now());
        outbox.forget(now());
        works();
        return {};
    }
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        return fmt::format("it answered {}", status);
    outbox.refused();
    fails(fmt::format("it answered {} and got that alert no second time; correct the URL or the "
                      "receiver",
                      status));
    return {};
}

asio::awaitable<Courier::End> WebhookSink::serve(std::shared_ptr<Stream> stream) {
    while (!aborted()) {
        const auto alert = outbox.next();
        if (!alert)
            break;
        outbox.sent(now());
        const auto text = request(*alert);
        const auto written = co_await stream->write(text, options().tuning.patience);
        if (!written)
            co_return End{.why = written.error().why};
        const auto answer = co_await receive(stream);
        if (!answer)
            co_return End{.why = answer.error().why};
        auto trouble = judge(*answer);
        if (!trouble.empty() || !answer->keep_alive)
            co_return End{.why = std::move(trouble)};
    }
    co_return End{};
}

Result<std::string> read_secret(const std::string& file) {
    if (file.empty())
        return {};
    auto secret = pki::load_secret(file);
    if (!secret)
        return std::unexpected(Error{Errc::file, secret.error().message});
    secret->resize(secret->find_last_not_of("\r\n") + 1);
    if (secret->empty())
        return std::unexpected(
            Error{Errc::file, file + ": the secret is empty; write a line of random text into it"});
    return std::move(*secret);
}

} // namespace

Result<std::shared_ptr<Sink>> webhook_sink(asio::io_context& context, const WebhookConfig& config,
                                           const SinkOptions& options) {
    auto secret = read_secret(config.secret_file);
    if (!secret)
        return std::unexpected(secret.error());
    auto trust = Trust::load(config.ca);
    if (!trust)
        return std::unexpected(trust.error());
    auto sink = std::make_shared<WebhookSink>(context, config, std::move(*trust),
                                              std::move(*secret), options);
    sink->start();
    return sink;
}

} // namespace ringwall::alerts
