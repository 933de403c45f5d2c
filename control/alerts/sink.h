// One place that alerts go to. Made by syslog_sink() and webhook_sink(); all on one io_context,
// which runs in one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "control/alerts/config.h"
#include "control/alerts/event.h"

namespace boost::asio {
class io_context; // NOLINT(readability-identifier-naming): not ours
}

namespace ringwall::alerts {

struct SinkState {
    std::string name;            // "syslog tls://collector.example:6514"
    std::string trouble;         // why the last attempt failed; empty: it did not
    std::uint64_t delivered = 0; // alerts that arrived, as far as the protocol can tell
    std::uint64_t repeated = 0;  // alerts that were sent once more, under the same id
    std::uint64_t failed = 0;    // attempts: connections, requests
    std::uint64_t dropped = 0; // alerts given up: the queue was full, or the receiver refused them
    std::uint64_t waiting = 0; // alerts not yet known to have arrived
};

// How patient sinks are.
struct Tuning {
    using Time = std::chrono::milliseconds;
    Time backoff_first = std::chrono::seconds(1), backoff_longest = std::chrono::seconds(30);
    Time patience = std::chrono::seconds(10); // of each step: connecting, TLS, sending, an answer
    // Syslog knows no acknowledgement: a message has arrived when the other side's kernel has it
    // and the connection then lives for `settle`. What is younger when it ends is sent again, under
    // the same id. An end by reset says that the collector left something unread: then everything
    // of the last `doubt` is sent again. What a collector read and then lost itself is lost.
    Time settle = std::chrono::seconds(1), doubt = std::chrono::seconds(30);
};

struct SinkOptions {
    Origin origin;
    std::size_t queue = 10'000;
    Tuning tuning{};
    std::function<void(const std::string&)> say; // a sentence when a sink fails or works again
};

class Sink {
  public:
    virtual ~Sink() = default;
    virtual void offer(AlertRef alert) = 0;
    virtual SinkState state() const = 0;
    // Goes on delivering until nothing waits or the time is over, then calls `done`, once.
    virtual void stop(std::chrono::milliseconds grace, std::function<void()> done) = 0;
    // At once; what waits is lost. Also needed before the last reference goes.
    virtual void abort() = 0;
};

// RFC 5424 over TCP (RFC 6587 octet counting) or TLS (RFC 5425). In order; at least once.
// Errc::file.
Result<std::shared_ptr<Sink>> syslog_sink(boost::asio::io_context& context,
                                          const SyslogConfig& config, const SinkOptions& options);

// POST of JSON, one alert at a time, in order; at least once. An answer of 2xx is success; 408,
// 425, 429 and 5xx are tried again; any other answer gives that alert up. Errc::file.
Result<std::shared_ptr<Sink>> webhook_sink(boost::asio::io_context& context,
                                           const WebhookConfig& config, const SinkOptions& options);

} // namespace ringwall::alerts
