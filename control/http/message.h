// HTTP requests and answers as plain values, between the server (control/http) and the API
// (control/api). No Beast in here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringwall::http {

struct Request {
    std::string method; // "GET"; a HEAD arrives as one, too, and its answer is sent without body
    std::string target; // path and query as sent: "/api/v1/workloads?limit=10"
    std::map<std::string, std::string> headers; // names in lower case; repeated ones joined by ", "
    std::string body;
    std::string peer;  // address of the client without port: "192.0.2.7"
    std::string agent; // identity of the agent whose certificate the client showed; empty: none
};

// Of that name in lower case; empty where there is none.
inline std::string header(const Request& request, const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string{} : found->second;
}

// An answer without an end (text/event-stream). Both sides run on the server's event loop.
class Channel {
  public:
    virtual ~Channel() = default;
    // False, and nothing is sent any more, when the client is gone or too slow for what waits.
    virtual bool send(std::string text) = 0;
    // Called once, when the client is gone.
    virtual void on_close(std::function<void()> closed) = 0;
};

struct Response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers; // with Content-Type
    std::string body;
    // Set: `body` is followed by what is sent to the channel.
    std::function<void(std::shared_ptr<Channel>)> stream;
};

using Reply = std::function<void(Response)>; // once, on the event loop, now or later
using Handler = std::function<void(Request, Reply)>;

} // namespace ringwall::http
