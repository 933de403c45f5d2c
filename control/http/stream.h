// The byte stream under one HTTP connection. TLS or not is not HTTP's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <span>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace ringwall::http {

using Instant = std::chrono::steady_clock::time_point;

// At most one read and one write at a time. The object must live until they are through: whoever
// waits holds it.
class Stream {
  public:
    using error_code = boost::system::error_code;

    virtual ~Stream() = default;
    // What has come, at least one byte; the stream's end is an error, too.
    virtual boost::asio::awaitable<std::expected<std::size_t, error_code>>
    read_some(std::span<char> into) = 0;
    // All of it.
    virtual boost::asio::awaitable<error_code> write(std::string_view bytes) = 0;
    // From then on read_some() and write() fail (timed_out), also when they are under way.
    // Replaces the deadline before; Instant::max(): none.
    virtual void expires_at(Instant deadline) = 0;
    // After what was written; has a deadline of its own.
    virtual boost::asio::awaitable<void> close() = 0;
    // At once; everything under way fails.
    virtual void abort() = 0;
    virtual boost::asio::any_io_executor executor() = 0;
};

} // namespace ringwall::http
