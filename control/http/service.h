// HTTP/1.1 for all connections of one server: limits, deadlines, numbers. It is given streams and
// answers what comes over them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "control/http/limits.h"
#include "control/http/message.h"
#include "control/http/stream.h"

namespace ringwall::http {

class Connection;

class Service : public std::enable_shared_from_this<Service> {
  public:
    Service(const Limits& limits, Handler handler);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    Service(Service&&) = delete;
    Service& operator=(Service&&) = delete;
    ~Service();

    // Until the connection is closed. Where there is no room, one that waits for a request gives
    // way, else this one is closed.
    static boost::asio::awaitable<void> serve(std::shared_ptr<Service> service,
                                              std::shared_ptr<Stream> stream, Client client);
    // No further requests: who waits for one is closed, others after their answer; streams end.
    void stop();
    void abort(); // all connections, at once
    const Stats& stats() const { return stats_; }

  private:
    friend class Connection;
    bool make_room(const Client& client);

    Limits limits_;
    Handler handler_;
    Stats stats_;
    std::set<Connection*> connections_;
    std::map<std::string, std::size_t> of_network_;
    std::size_t bodies_bytes_ = 0;
    bool stopping_ = false;
};

} // namespace ringwall::http
