// The controller's one port: TLS 1.3, agents' sessions and HTTP by ALPN. Bytes and time for the
// fleet's hub, requests for an HTTP handler.
//
//   "ringwall/1"             a session; the client must show an agent's certificate
//   "http/1.1", or no ALPN   HTTP; a certificate is optional, but judged when it is shown
//
// Everything runs on one io_context with one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "common/error.h"
#include "common/pki/tls.h"
#include "common/time.h"
#include "control/fleet/hub.h"
#include "control/http/limits.h"
#include "control/http/message.h"
#include "control/server/gate.h"

namespace boost::asio {
class io_context; // NOLINT(readability-identifier-naming): not ours
}

namespace ringwall::server {

enum class ServerErrc {
    listen,   // the address or the port
    identity, // certificate and key; the message is common/pki's
};
using ServerError = BasicError<ServerErrc>;
template <typename T>
using ServerResult = std::expected<T, ServerError>;

// Of one agent's connection.
struct LinkLimits {
    std::size_t waiting_bytes = 40 * 1024 * 1024; // two messages of the largest size, and more
    std::chrono::milliseconds write_within = std::chrono::seconds(30); // each message
    std::size_t bytes_per_second = 64 * 1024;                          // a second more for each
    std::chrono::milliseconds close_within = std::chrono::seconds(5);
};

struct ServerOptions {
    std::string address = "::"; // IPv4 and IPv6
    std::uint16_t port = 8443;  // 0: any
    http::Limits http;
    LinkLimits link;
    GateLimits handshakes;
    std::chrono::milliseconds handshake_within = std::chrono::seconds(10);
    std::chrono::milliseconds stop_within = std::chrono::seconds(5);
    // Hears of clients that were turned away although they showed a certificate: who and why.
    std::function<void(const std::string& sentence)> refused;
    // Unix seconds: what the end of a certificate is held against while its session goes on.
    std::function<std::int64_t()> wall = [] { return wall_clock_ns() / ns_per_second; };
};

// For /metrics.
struct ServerStats {
    std::uint64_t accepted = 0, accept_errors = 0;
    std::size_t handshakes = 0;          // now
    std::uint64_t handshakes_failed = 0; // by either side, also a certificate that is not good
    std::uint64_t handshakes_timed_out = 0;
    std::uint64_t handshakes_crowded = 0;   // too many from one network at once: closed unread
    std::uint64_t handshakes_dropped = 0;   // too many at all: the oldest made room
    std::uint64_t certificates_refused = 0; // expired, revoked, of another CA, of another kind
    std::size_t agents = 0;                 // connections, now
    std::uint64_t agents_unknown = 0;       // a good certificate, but the hub knows nobody of it
    std::uint64_t agents_expired = 0;       // sessions that outlived their certificate: ended
    std::uint64_t bytes_from_agents = 0;
    http::Stats http;
};

// CLOCK_BOOTTIME: never goes back, counts sleep. The clock that the hub is given.
std::chrono::milliseconds boot_clock();

class Server {
  public:
    // `identity.check` judges every client certificate, in each handshake; `peer_required` is not
    // looked at. Must not outlive context and hub. Sets the hub's time.
    static ServerResult<std::unique_ptr<Server>> listen(boost::asio::io_context& context,
                                                        const ServerOptions& options,
                                                        const pki::TlsSetup& identity,
                                                        fleet::Hub& hub, http::Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;
    ~Server(); // cuts what is left

    std::uint16_t port() const;
    // For connections from now on; the others stay.
    ServerResult<void> set_identity(const pki::TlsSetup& identity);
    // No new connections, goodbye to agents; requests that are being answered have `stop_within`.
    // `stopped` is called when the last connection is closed.
    void stop(std::function<void()> stopped);
    ServerStats stats() const;

  private:
    class Impl;
    explicit Server(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

} // namespace ringwall::server
