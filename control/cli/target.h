// Which controller a command asks, as whom: options, environment, context, this machine's own.
#pragma once

#include <string>

#include "control/cli/context.h"

namespace ringwall::cli {

struct Target {
    std::string server;            // URL
    std::string ca;                // path or fingerprint
    std::string token, token_file; // at most one of them
    bool operator==(const Target&) const = default;
};

// Where a controller on this machine keeps what its administrator needs.
struct LocalController {
    std::string server = "https://127.0.0.1:8443";
    std::string ca = "/var/lib/ringwall-controller/ca.pem";
    std::string token_file = "/var/lib/ringwall-controller/admin.token";
};

// Each setting by itself: the option (--server, --ca, --token-file), the variable (RINGWALL_SERVER,
// RINGWALL_CA, RINGWALL_TOKEN, RINGWALL_TOKEN_FILE), the context (--context, RINGWALL_CONTEXT, the
// current one). A context's token and CA are for its own server only. Without any of them this
// machine's controller, where its files may be read. usage, not_found: the sentence says what to
// set.
Result<Target> choose_target(const Arguments& arguments, const Environment& environment,
                             const Config& config, const LocalController& local = {});

} // namespace ringwall::cli
