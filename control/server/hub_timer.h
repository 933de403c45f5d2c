// Time for the hub: one timer for the deadlines of all sessions.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/fleet/hub.h"

namespace ringwall::server {

class HubTimer : public std::enable_shared_from_this<HubTimer> {
  public:
    // Make it with make_shared.
    HubTimer(boost::asio::io_context& context, fleet::Hub& hub) : timer_(context), hub_(hub) {}

    // The hub, at this moment: for each call of it.
    fleet::Hub& now();
    // After it: deadlines may have come nearer.
    void arm();
    void stop(); // the hub is not touched any more
    bool stopped() const { return stopped_; }

  private:
    void ring();

    boost::asio::steady_timer timer_;
    fleet::Hub& hub_;
    std::optional<fleet::Time> armed_;
    bool stopped_ = false;
};

} // namespace ringwall::server
