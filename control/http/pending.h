// One question to the handler: the answer comes now, later, not in time or never.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/http/message.h"

namespace ringwall::http {

class Pending {
  public:
    explicit Pending(const boost::asio::any_io_executor& executor) : news_(executor) {}

    // For the handler. When its last copy is gone without a call, there will be no answer.
    static Reply reply(const std::shared_ptr<Pending>& pending);

    boost::asio::awaitable<void> wait(std::chrono::milliseconds most);
    std::optional<Response> take() { return std::exchange(answer_, std::nullopt); }
    void give_up();

  private:
    class Ticket;
    boost::asio::steady_timer news_;
    std::optional<Response> answer_;
    bool settled_ = false; // nothing more will come
};

} // namespace ringwall::http
