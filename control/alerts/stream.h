// A byte stream to an outside collector, over TCP or TLS (1.2 or later, host name verified).
// Private to the sinks: it includes Asio.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "control/alerts/config.h"

namespace ringwall::alerts {

// co_await gives the error among the results, and does not throw.
inline constexpr auto as_outcome = boost::asio::as_tuple(boost::asio::use_awaitable);

// Certificates that collectors are judged by. One for each sink.
class Trust {
  public:
    virtual ~Trust() = default;
    // `ca`: a PEM file; empty: the system's. Errc::file.
    static Result<std::shared_ptr<Trust>> load(const std::string& ca);
};

class Stream {
  public:
    struct Trouble {
        std::string why;     // part of a sentence
        bool closed = false; // in order: the other side had read all that it had received
    };
    template <typename T>
    using Outcome = std::expected<T, Trouble>;
    using Patience = std::chrono::milliseconds;

    virtual ~Stream() = default;
    // All of it, within the time.
    virtual boost::asio::awaitable<Outcome<void>> write(std::string_view bytes,
                                                        Patience patience) = 0;
    // At least one byte. May wait beside a write(). Zero patience: for ever.
    virtual boost::asio::awaitable<Outcome<std::size_t>> read(std::span<char> into,
                                                              Patience patience) = 0;
    // The other side's kernel has acknowledged all that was written.
    virtual bool acknowledged() = 0;
    // In order, within a second.
    virtual boost::asio::awaitable<void> shut_down() = 0;
    // At once; what is under way fails.
    virtual void close() = 0;
};

// Resolves, connects and, where the endpoint says so, makes TLS; each step within the time.
boost::asio::awaitable<Stream::Outcome<std::shared_ptr<Stream>>>
open_stream(boost::asio::any_io_executor executor, Endpoint endpoint, std::shared_ptr<Trust> trust,
            Stream::Patience patience);

} // namespace ringwall::alerts
