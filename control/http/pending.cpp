#include "control/http/pending.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ringwall::http {

namespace asio = boost::asio;

class Pending::Ticket {
  public:
    explicit Ticket(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
    ~Ticket() { pending_->give_up(); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    Ticket(Ticket&&) = delete;
    Ticket& operator=(Ticket&&) = delete;

    void answer(Response response) {
        if (!pending_->settled_)
            pending_->answer_ = std::move(response);
        pending_->give_up();
    }

  private:
    std::shared_ptr<Pending> pending_;
};

Reply Pending::reply(const std::shared_ptr<Pending>& pending) {
    return [ticket = std::make_shared<Ticket>(pending)](Response response) {
        ticket->answer(std::move(response));
    };
}

asio::awaitable<void> Pending::wait(std::chrono::milliseconds most) {
    if (!settled_) {
        news_.expires_after(most);
        co_await news_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    settled_ = true;
}

void Pending::give_up() {
    settled_ = true;
    news_.cancel();
}

} // namespace ringwall::http
