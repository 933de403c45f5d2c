// What waits for one client of an endless answer: a bounded text between the handler's Channel and
// the connection that writes it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/http/message.h"
#include "control/http/stream.h"

namespace ringwall::http {

class Feed {
  public:
    Feed(std::shared_ptr<Stream> stream, std::size_t limit)
        : stream_(std::move(stream)), limit_(limit), news_(stream_->executor()) {}

    // The handler's end. When its last copy is gone, the answer ends.
    static std::shared_ptr<Channel> channel(const std::shared_ptr<Feed>& feed);

    // The connection's end: waits until there is text, an end or nothing for so long.
    boost::asio::awaitable<void> wait(std::chrono::milliseconds most);
    std::string take() { return std::exchange(waiting_, {}); }
    bool ended() const { return ended_; } // by the handler
    bool gone() const { return gone_; }   // the client
    bool too_slow() const { return too_slow_; }
    void end();
    void hang_up(); // the client is gone: tells the handler, once

  private:
    class Handle;
    bool send(const std::string& text);
    void on_close(std::function<void()> closed);

    std::shared_ptr<Stream> stream_;
    std::size_t limit_;
    std::string waiting_;
    boost::asio::steady_timer news_;
    std::function<void()> closed_;
    bool ended_ = false, gone_ = false, too_slow_ = false;
};

} // namespace ringwall::http
