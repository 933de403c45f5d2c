// The REST API, /api/v1, /healthz, /readyz and /metrics: requests in, answers out. No sockets.
// What it answers is written down in openapi.json.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/api/rate.h"
#include "control/http/message.h"

namespace prometheus {
struct MetricFamily;
}
namespace ringwall::core {
class Controller;
}
namespace ringwall::flowmap {
class Reader;
}

namespace ringwall::api {

class FlowSource;

struct Options {
    std::string temp_dir; // for backups on their way out
    // Clocks: wall in ns since 1970; steady in ms.
    std::function<std::int64_t()> wall;
    std::function<std::chrono::milliseconds()> steady;
    // Does `work` without holding up the event loop, and then `done` on the loop.
    std::function<void(std::function<void()> work, std::function<void()> done)> aside;
    FlowSource* flows = nullptr;          // none: /flows is not available
    const flowmap::Reader* map = nullptr; // none: /map and /edges are not available
    // More for /metrics; why this controller should get no traffic (empty: it may).
    std::function<std::vector<prometheus::MetricFamily>()> metrics;
    std::function<std::string()> unready;
    Rate by_address{.per_second = 100, .burst = 200}, by_token{.per_second = 100, .burst = 200};
    Rate failures{.per_second = 5, .burst = 5}; // of authentication and pairing, by address
    std::size_t most_streams = 256;             // of /events and /flows together
};

class Api final {
  public:
    Api(core::Controller& controller, Options options);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;
    Api(Api&&) = delete;
    Api& operator=(Api&&) = delete;
    ~Api();

    // On the event loop, like the reply. A later reply may come after this object is gone; streams
    // and what runs aside have to end before.
    void handle(const http::Request& request, http::Reply reply);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::api
