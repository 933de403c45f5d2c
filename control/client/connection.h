// One TLS 1.3 connection to the controller, and HTTP/1.1 on it. Blocking; every wait has an end.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/client/endpoint.h"
#include "control/client/problem.h"
#include "control/client/trust.h"

namespace ringwall::client {

using Milliseconds = std::chrono::milliseconds;

struct Head {
    unsigned status = 0;
    Headers headers;
};

struct Outgoing {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class Connection {
  public:
    // Resolving, connecting and the handshake together take no longer than `within`. unreachable,
    // untrusted.
    static Result<std::unique_ptr<Connection>> open(const Endpoint& endpoint, const Trust& trust,
                                                    Milliseconds within);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    // Sends, and reads until the body begins. timeout, lost, malformed.
    Result<Head> ask(const Outgoing& request, Milliseconds within);
    // What has come of the body; empty: that was all of it.
    Result<std::string> more(Milliseconds within);
    // The answer was read to its end and the controller keeps the connection.
    bool reusable() const;

  private:
    class Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::client
