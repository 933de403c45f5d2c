// The two loads, both ends pinned to one core: connect-request-close and request-response.
#pragma once

#include <chrono>
#include <string>

namespace ringwall::bench {

enum class Load { connect_request_close, request_response };
const char* name(Load);

struct Site {
    std::string cgroup;     // directory both ends join
    std::string client_net; // files below /proc or /run that setns takes
    std::string server_net;
    std::string server_address;
    int cpu = 0;
};

// After this, SIGINT, SIGTERM and SIGHUP end the run in progress by an exception, so that all that
// was made is removed.
void stop_on_signals();
bool interrupted();

// Operations per second over `length`, after a fifth of it as warm-up. Throws on any error.
double run(Load load, const Site& site, std::chrono::milliseconds length);

} // namespace ringwall::bench
