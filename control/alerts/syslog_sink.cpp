#include <algorithm>
#include <array>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "control/alerts/courier.h"
#include "control/alerts/syslog_text.h"

namespace ringwall::alerts {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr milliseconds acknowledgement_poll{100};

class SyslogSink final : public Courier {
  public:
    SyslogSink(asio::io_context& context, const SyslogConfig& config, std::shared_ptr<Trust> trust,
               const SinkOptions& options)
        : Courier(context, "syslog " + config.endpoint.text, config.endpoint, std::move(trust),
                  options),
          facility_(config.facility) {}

  private:
    bool always_connected() const override { return true; }
    using Broken = std::optional<Stream::Trouble>;
    asio::awaitable<End> serve(std::shared_ptr<Stream> stream) override;
    static asio::awaitable<void> watch(std::shared_ptr<SyslogSink> self,
                                       std::shared_ptr<Stream> stream,
                                       std::shared_ptr<Broken> broken);
    std::string next_chunk();
    void settle(Stream& stream);
    milliseconds settle_at() const;

    int facility_;
};

// Syslog answers nothing, so whatever ends the reading is the connection's end.
asio::awaitable<void> SyslogSink::watch(std::shared_ptr<SyslogSink> self,
                                        std::shared_ptr<Stream> stream,
                                        std::shared_ptr<Broken> broken) {
    std::array<char, 256> ignored{};
    for (;;) {
        const auto got = co_await stream->read(ignored, {});
        if (got)
            continue;
        *broken = got.error();
        self->wake();
        co_return;
    }
}

asio::awaitable<Courier::End> SyslogSink::serve(std::shared_ptr<Stream> stream) {
    const auto broken = std::make_shared<Broken>();
    auto self = std::static_pointer_cast<SyslogSink>(shared_from_this());
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, watch(std::move(self), stream, broken), asio::detached);
    works();
    while (!aborted() && !*broken) {
        const auto chunk = next_chunk();
        if (!chunk.empty()) {
            const auto written = co_await stream->write(chunk, options().tuning.patience);
            if (!written)
                co_return End{.why = written.error().why, .reset = true};
            continue;
        }
        settle(*stream);
        if (stopping() && outbox.empty())
            co_return End{};
        if (outbox.oldest_sent())
            co_await rest(settle_at());
        else
            co_await rest();
    }
    if (!*broken)
        co_return End{};
    co_return End{.why = (*broken)->why, .reset = !(*broken)->closed};
}

std::string SyslogSink::next_chunk() {
    std::string chunk;
    while (chunk.size() < chunk_bytes) {
        const auto alert = outbox.next();
        if (!alert)
            break;
        chunk += framed(syslog_message(*alert, options().origin, facility_));
        outbox.sent(now());
    }
    return chunk;
}

void SyslogSink::settle(Stream& stream) {
    if (!stream.acknowledged())
        return;
    outbox.arrived(now() - options().tuning.settle);
    outbox.forget(now() - options().tuning.doubt);
}

milliseconds SyslogSink::settle_at() const {
    const auto due = *outbox.oldest_sent() + options().tuning.settle;
    return std::max(due, now() + acknowledgement_poll);
}

} // namespace

Result<std::shared_ptr<Sink>> syslog_sink(asio::io_context& context, const SyslogConfig& config,
                                          const SinkOptions& options) {
    auto trust = Trust::load(config.ca);
    if (!trust)
        return std::unexpected(trust.error());
    auto sink = std::make_shared<SyslogSink>(context, config, std::move(*trust), options);
    sink->start();
    return sink;
}

} // namespace ringwall::alerts
