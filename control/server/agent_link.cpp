#include "control/server/agent_link.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace ringwall::server {

using Clock = std::chrono::steady_clock;

void AgentLink::send(std::string bytes) {
    if (closing_)
        return;
    if (!writing_) { // usually all of it goes at once, and others need not wait for the loop
        const auto sent = stream_->write_now(bytes);
        if (!sent)
            return stream_->abort(); // the reader notices
        bytes.erase(0, *sent);
        if (bytes.empty())
            return;
    }
    waiting_bytes_ += bytes.size();
    if (waiting_bytes_ > limits_.waiting_bytes)
        return stream_->abort(); // the reader notices
    waiting_.push_back(std::move(bytes));
    if (!std::exchange(writing_, true))
        boost::asio::co_spawn(stream_->executor(), write_out(shared_from_this()),
                              boost::asio::detached);
}

// The reader goes on until the agent hangs up, too, or the time is over.
void AgentLink::close(const std::string&) {
    if (std::exchange(closing_, true))
        return;
    stream_->expires_at(Clock::now() + limits_.close_within);
    if (!writing_)
        stream_->finish();
}

boost::asio::awaitable<void> AgentLink::write_out(std::shared_ptr<AgentLink> self) {
    auto& stream = *self->stream_;
    const auto& limits = self->limits_;
    while (!self->waiting_.empty()) {
        const auto bytes = std::move(self->waiting_.front());
        self->waiting_.pop_front();
        const std::chrono::seconds extra(bytes.size() / limits.bytes_per_second);
        if (!self->closing_)
            stream.expires_at(Clock::now() + limits.write_within + extra);
        const auto failed = co_await stream.write(bytes);
        if (failed)
            co_return stream.abort();
        self->waiting_bytes_ -= bytes.size();
    }
    self->writing_ = false;
    if (self->closing_)
        stream.finish();
    else
        stream.expires_at(http::Instant::max());
}

} // namespace ringwall::server
