// GET /metrics, /livez, /readyz and /version over HTTP.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "common/error.h"

namespace boost::asio {
class io_context;
}

namespace ringwall::agent {

enum class HttpErrc { listen };
using HttpError = BasicError<HttpErrc>;

struct HttpPages {
    std::function<std::string()> metrics;
    std::function<std::string()> not_ready; // "" when ready, else why not
    std::string version;
};

class MetricsServer {
  public:
    // `address`: "127.0.0.1:9464" or "[::1]:9464"; port 0 picks one.
    static std::expected<std::unique_ptr<MetricsServer>, HttpError>
    listen(boost::asio::io_context& context, const std::string& address, HttpPages pages);
    virtual ~MetricsServer() = default;
    virtual std::string address() const = 0; // where it really listens
    virtual void stop() = 0;
};

} // namespace ringwall::agent
