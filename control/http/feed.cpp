#include "control/http/feed.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ringwall::http {

namespace asio = boost::asio;

class Feed::Handle : public Channel {
  public:
    explicit Handle(std::shared_ptr<Feed> feed) : feed_(std::move(feed)) {}
    ~Handle() override { feed_->end(); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    Handle(Handle&&) = delete;
    Handle& operator=(Handle&&) = delete;

    bool send(std::string text) override { return feed_->send(text); }
    void on_close(std::function<void()> closed) override { feed_->on_close(std::move(closed)); }

  private:
    std::shared_ptr<Feed> feed_;
};

std::shared_ptr<Channel> Feed::channel(const std::shared_ptr<Feed>& feed) {
    return std::make_shared<Handle>(feed);
}

asio::awaitable<void> Feed::wait(std::chrono::milliseconds most) {
    if (!waiting_.empty() || ended_ || gone_)
        co_return;
    news_.expires_after(most);
    co_await news_.async_wait(asio::as_tuple(asio::use_awaitable));
}

bool Feed::send(const std::string& text) {
    if (gone_ || ended_)
        return false;
    if (waiting_.size() + text.size() > limit_) {
        too_slow_ = gone_ = true;
        stream_->abort(); // the connection's write fails; it tells on_close
        news_.cancel();
        return false;
    }
    waiting_ += text;
    news_.cancel();
    return true;
}

void Feed::on_close(std::function<void()> closed) {
    closed_ = std::move(closed);
    if (gone_)
        hang_up();
}

void Feed::end() {
    ended_ = true;
    news_.cancel();
}

void Feed::hang_up() {
    gone_ = true;
    news_.cancel();
    if (const auto closed = std::exchange(closed_, {}))
        closed();
}

} // namespace ringwall::http
