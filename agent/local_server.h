// The local socket: one JSON request per line, answers and streams of JSON lines. A reader that
// does not keep up loses lines, which are counted and told to it, and is cut when it stops reading.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/api.h"
#include "agent/flows.h"

namespace boost::asio {
class io_context;
}

namespace ringwall::agent {

struct Answer {
    std::string line;           // without the line end
    std::function<void()> then; // after it was written; may be empty
};

struct Backend {
    std::function<Answer(const Request&)> answer;              // all but flows
    std::function<std::vector<Flow>(const FlowQuery&)> recent; // flows kept, oldest first
};

class LocalServer {
  public:
    // Replaces a socket nobody listens on; mode 0660, owned by root and `group` (may be empty).
    static std::expected<std::unique_ptr<LocalServer>, ApiError>
    listen(boost::asio::io_context& context, const std::string& path, const std::string& group,
           Backend backend);
    virtual ~LocalServer() = default;

    virtual bool has_followers() const = 0;
    virtual void publish(const Flow& flow) = 0;
    virtual void publish_loss(std::uint64_t kernel_lost) = 0;
    virtual std::uint64_t lost() const = 0; // lines that readers did not get
    virtual void stop() = 0;                // closes everything, removes the socket
};

} // namespace ringwall::agent
