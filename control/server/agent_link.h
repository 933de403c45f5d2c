// The way to one agent: what is sent waits here, bounded, until the connection takes it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "control/fleet/hub.h"
#include "control/server/server.h"
#include "control/server/tls_stream.h"

namespace ringwall::server {

class AgentLink final : public fleet::Output, public std::enable_shared_from_this<AgentLink> {
  public:
    AgentLink(std::shared_ptr<TlsStream> stream, const LinkLimits& limits)
        : stream_(std::move(stream)), limits_(limits) {}

    void send(std::string bytes) override;
    void close(const std::string& sentence) override;
    bool closing() const { return closing_; }
    void abort() { stream_->abort(); }

  private:
    static boost::asio::awaitable<void> write_out(std::shared_ptr<AgentLink> self);

    std::shared_ptr<TlsStream> stream_;
    LinkLimits limits_;
    std::deque<std::string> waiting_;
    std::size_t waiting_bytes_ = 0; // with the message that is being written
    bool writing_ = false, closing_ = false;
};

} // namespace ringwall::server
