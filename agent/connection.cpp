#include "agent/connection.h"

#include <array>
#include <deque>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "agent/tls_dial.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::string_view session_protocol = "ringwall/1";
constexpr std::size_t most_waiting = 32 << 20; // bytes; one message may have 16 MiB
constexpr auto write_patience = 30s, goodbye_patience = 2s;

class TlsConnection : public Connection, public std::enable_shared_from_this<TlsConnection> {
  public:
    TlsConnection(asio::io_context& loop, std::vector<Endpoint> endpoints, pki::TlsSetup tls,
                  std::chrono::milliseconds patience, Events events)
        : loop_(loop), endpoints_(std::move(endpoints)), tls_(std::move(tls)), patience_(patience),
          events_(std::move(events)), deadline_(loop) {}

    void try_endpoint(std::size_t index, const std::string& trouble) {
        if (over_ || closing_ || index == endpoints_.size())
            return end(trouble.empty() ? "no controller is known" : trouble);
        dial(loop_, {endpoints_[index], tls_, std::string(session_protocol), patience_},
             [self = shared_from_this(), index](std::expected<Dialled, DialError> dialled) {
                 if (!dialled)
                     return self->try_endpoint(index + 1, dialled.error().message);
                 self->begin(self->endpoints_[index], std::move(*dialled));
             });
    }

    void send(std::string bytes) override {
        if (over_ || closing_ || !dialled_.stream)
            return;
        waiting_ += bytes.size();
        queue_.push_back(std::move(bytes));
        if (waiting_ > most_waiting)
            return end_soon("the controller takes nothing any more");
        if (!writing_)
            asio::co_spawn(loop_, write(shared_from_this()), asio::detached);
        writing_ = true;
    }

    void close() override {
        closing_ = true;
        if (!dialled_.stream)
            return end_soon("given up");
        if (!writing_)
            asio::co_spawn(loop_, write(shared_from_this()), asio::detached);
        writing_ = true;
    }

    void abandon() override {
        events_ = {};
        end("");
    }

  private:
    void begin(const Endpoint& endpoint, Dialled dialled) {
        if (over_)
            return;
        dialled_ = std::move(dialled);
        asio::co_spawn(loop_, read(shared_from_this()), asio::detached);
        if (events_.connected)
            events_.connected(endpoint, dialled_.address);
    }

    static asio::awaitable<void> read(std::shared_ptr<TlsConnection> self) {
        std::array<char, 16384> chunk; // a TLS record
        error_code failed;
        while (!failed && !self->over_) {
            const auto [error, size] = co_await self->dialled_.stream->async_read_some(
                asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
            if (size && !self->over_ && self->events_.received)
                self->events_.received({chunk.data(), size});
            failed = error;
        }
        self->end(tls_words(failed));
    }

    // Until nothing waits; then says goodbye when that was asked for.
    static asio::awaitable<void> write(std::shared_ptr<TlsConnection> self) {
        error_code failed;
        while (!failed && !self->over_ && !self->queue_.empty()) {
            const auto bytes = std::move(self->queue_.front());
            self->queue_.pop_front();
            self->end_after(write_patience, "the controller takes nothing any more");
            const auto [error, size] = co_await asio::async_write(
                *self->dialled_.stream, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
            self->waiting_ -= bytes.size();
            failed = error;
        }
        self->deadline_.cancel();
        if (!failed && !self->over_ && self->closing_) {
            self->end_after(goodbye_patience, "closed");
            co_await self->dialled_.stream->async_shutdown(asio::as_tuple(asio::use_awaitable));
        }
        self->writing_ = false;
        if (failed || self->closing_)
            self->end(self->closing_ ? "closed" : tls_words(failed));
    }

    void end_after(std::chrono::seconds patience, const char* why) {
        deadline_.expires_after(patience);
        deadline_.async_wait([self = shared_from_this(), why](error_code error) {
            if (!error)
                self->end(why);
        });
    }

    void end_soon(const char* why) {
        asio::post(loop_, [self = shared_from_this(), why] { self->end(why); });
    }

    void end(const std::string& why) {
        if (std::exchange(over_, true))
            return;
        deadline_.cancel();
        error_code ignored;
        if (dialled_.stream)
            std::ignore = dialled_.stream->next_layer().close(ignored);
        const auto events = std::exchange(events_, {});
        if (events.ended)
            events.ended(why);
    }

    asio::io_context& loop_;
    std::vector<Endpoint> endpoints_;
    pki::TlsSetup tls_;
    std::chrono::milliseconds patience_;
    Events events_;
    asio::steady_timer deadline_; // of what is being written
    Dialled dialled_;
    std::deque<std::string> queue_;
    std::size_t waiting_ = 0; // bytes, with what is being written
    bool writing_ = false, closing_ = false, over_ = false;
};

} // namespace

std::shared_ptr<Connection> Connection::open(asio::io_context& loop,
                                             std::vector<Endpoint> endpoints, pki::TlsSetup tls,
                                             std::chrono::milliseconds patience, Events events) {
    auto connection = std::make_shared<TlsConnection>(loop, std::move(endpoints), std::move(tls),
                                                      patience, std::move(events));
    asio::post(loop, [connection] { connection->try_endpoint(0, {}); });
    return connection;
}

} // namespace ringwall::agent
