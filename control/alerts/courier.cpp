#include "control/alerts/courier.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "control/alerts/stream.h"

namespace ringwall::alerts {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds steady{10'000}; // a connection that lived so long was a good one

} // namespace

Courier::Courier(asio::io_context& context, std::string name, Endpoint endpoint,
                 std::shared_ptr<Trust> trust, const SinkOptions& options)
    : outbox(options.queue), context_(context), wake_(context), pause_(context), end_(context),
      name_(std::move(name)), endpoint_(std::move(endpoint)), trust_(std::move(trust)),
      options_(options), backoff_(options.tuning.backoff_first, options.tuning.backoff_longest) {}

void Courier::start() {
    asio::co_spawn(context_, run(shared_from_this()), asio::detached);
}

void Courier::offer(AlertRef alert) {
    if (stopping_ || aborted_)
        return;
    outbox.offer(std::move(alert));
    wake();
}

SinkState Courier::state() const {
    return {.name = name_,
            .trouble = trouble_,
            .delivered = outbox.delivered(),
            .repeated = outbox.repeated(),
            .failed = failed_,
            .dropped = outbox.dropped(),
            .waiting = outbox.size()};
}

void Courier::stop(milliseconds grace, std::function<void()> done) {
    if (ended_ || aborted_)
        return done();
    stopping_ = true;
    done_ = std::move(done);
    wake();
    end_.expires_after(grace);
    end_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error)
            self->abort();
    });
}

void Courier::abort() {
    aborted_ = true;
    wake();
    pause_.cancel();
    if (const auto stream = stream_.lock())
        stream->close();
    finish();
}

void Courier::finish() {
    end_.cancel();
    if (const auto done = std::exchange(done_, {}))
        done();
}

asio::awaitable<void> Courier::run(std::shared_ptr<Courier> self) {
    while (!self->finished()) {
        if (self->idle()) {
            co_await self->rest();
            continue;
        }
        const auto delivered = self->outbox.delivered();
        const auto began = now();
        const auto end = co_await self->attempt();
        if (end.reset)
            self->outbox.recall();
        else
            self->outbox.rewind();
        if (self->outbox.delivered() > delivered || now() - began > steady)
            self->backoff_.reset();
        if (end.why.empty() || self->finished())
            continue;
        self->fails(end.why);
        co_await self->pause();
    }
    self->ended_ = true;
    self->finish();
}

asio::awaitable<Courier::End> Courier::attempt() {
    auto opened =
        co_await open_stream(context_.get_executor(), endpoint_, trust_, options_.tuning.patience);
    if (!opened)
        co_return End{.why = opened.error().why};
    const auto stream = std::move(*opened);
    stream_ = stream;
    if (aborted_)
        co_return End{};
    auto end = co_await serve(stream);
    if (end.why.empty() && !aborted_)
        co_await stream->shut_down();
    stream->close();
    co_return end;
}

asio::awaitable<void> Courier::rest(milliseconds until) {
    wake_.expires_at(asio::steady_timer::time_point(until));
    co_await wake_.async_wait(as_outcome);
}

asio::awaitable<void> Courier::rest() {
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(as_outcome);
}

asio::awaitable<void> Courier::pause() {
    const auto chance = std::uniform_real_distribution(0.0, 1.0)(dice_);
    pause_.expires_after(backoff_.next(chance));
    co_await pause_.async_wait(as_outcome);
}

milliseconds Courier::now() {
    return std::chrono::duration_cast<milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

void Courier::works() {
    if (!trouble_.empty() && options_.say && !aborted_)
        options_.say(fmt::format("{}: takes alerts again, {} wait", name_, outbox.size()));
    trouble_.clear();
}

void Courier::fails(const std::string& why) {
    ++failed_;
    const bool told = trouble_ == why;
    trouble_ = why;
    if (!told && options_.say && !aborted_)
        options_.say(
            fmt::format("{}: {}; {} alerts wait, it is tried again", name_, why, outbox.size()));
}

} // namespace ringwall::alerts
