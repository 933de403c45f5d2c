// What both sinks do: keep alerts, connect, try again after a while, stop. Private to the sinks: it
// includes Asio.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/alerts/outbox.h"
#include "control/alerts/sink.h"
#include "control/alerts/stream.h"

namespace ringwall::alerts {

class Courier : public Sink, public std::enable_shared_from_this<Courier> {
  public:
    Courier(boost::asio::io_context& context, std::string name, Endpoint endpoint,
            std::shared_ptr<Trust> trust, const SinkOptions& options);

    void start();
    void offer(AlertRef alert) override;
    SinkState state() const override;
    void stop(std::chrono::milliseconds grace, std::function<void()> done) override;
    void abort() override;

  protected:
    struct End {
        std::string why;    // part of a sentence; empty: nothing went wrong
        bool reset = false; // something that was sent is lost
    };
    // Delivers over one connection until it breaks or is not needed any more.
    virtual boost::asio::awaitable<End> serve(std::shared_ptr<Stream> stream) = 0;
    // Is a connection wanted while nothing waits?
    virtual bool always_connected() const = 0;

    // Until wake() or the moment.
    boost::asio::awaitable<void> rest(std::chrono::milliseconds until);
    boost::asio::awaitable<void> rest();
    void wake() { wake_.cancel(); }
    static std::chrono::milliseconds now();

    bool stopping() const { return stopping_; }
    bool aborted() const { return aborted_; }
    void works();                       // the other side takes alerts
    void fails(const std::string& why); // counted, told once

    const SinkOptions& options() const { return options_; }
    const Endpoint& endpoint() const { return endpoint_; }
    Outbox outbox;

  private:
    static boost::asio::awaitable<void> run(std::shared_ptr<Courier> self);
    boost::asio::awaitable<End> attempt();
    boost::asio::awaitable<void> pause();
    void finish();
    bool finished() const { return aborted_ || (stopping_ && outbox.empty()); }
    bool idle() const { return !always_connected() && !outbox.next(); }

    boost::asio::io_context& context_;
    boost::asio::steady_timer wake_, pause_, end_;
    std::string name_;
    Endpoint endpoint_;
    std::shared_ptr<Trust> trust_;
    SinkOptions options_;
    Backoff backoff_;
    std::mt19937 dice_{std::random_device{}()};
    std::weak_ptr<Stream> stream_;
    bool stopping_ = false, aborted_ = false, ended_ = false;
    std::function<void()> done_;
    std::uint64_t failed_ = 0;
    std::string trouble_;
};

} // namespace ringwall::alerts
