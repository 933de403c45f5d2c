// The agent's local socket, from the other side.
#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "agent/fd.h"
#include "control/cli/command.h"

namespace ringwall::cli {

class Client {
  public:
    static Result<Client> connect(const Arguments& arguments);

    Result<boost::json::object> ask(const boost::json::object& request);
    // `sink` gets each object until the stream ends; false stops it.
    Result<void> stream(const boost::json::object& request,
                        const std::function<bool(const boost::json::object&)>& sink);

  private:
    explicit Client(agent::Fd socket) : socket_(std::move(socket)) {}
    Result<void> send(const boost::json::object& request);
    Result<boost::json::object> receive();

    agent::Fd socket_;
    std::string input_;
};

} // namespace ringwall::cli
