// Where alerts go: the `alerts` section of the controller's configuration.
//
//   alerts:
//     syslog:
//       - {address: "tls://collector.example:6514", ca: /etc/ringwall/collector.pem, facility:
//       local4}
//     webhook:
//       - {url: "https://hooks.example/ringwall", secret_file: /etc/ringwall/webhook.secret}
//     window: 60s
//     rate: 10
//     queue: 10000
//     kinds: [blocked, tamper]
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/alerts/event.h"

namespace ringwall::policy {
class Context;
struct Node;
} // namespace ringwall::policy

namespace ringwall::alerts {

struct Endpoint {
    bool tls = false;
    std::string host;   // a name or an address, without brackets
    std::string port;   // decimal
    std::string target; // of a URL: path and query, at least "/"
    std::string text;   // as it was written, for sentences
    bool operator==(const Endpoint&) const = default;
};
// "tls://HOST[:6514]" or "tcp://HOST[:514]"; an IPv6 address stands in brackets.
std::optional<Endpoint> parse_collector(std::string_view text);
// "https://HOST[:443][/PATH]" or "http://HOST[:80][/PATH]"; no user in front of the host.
std::optional<Endpoint> parse_url(std::string_view text);

struct SyslogConfig {
    Endpoint endpoint;
    std::string ca;    // PEM file; empty: the system's
    int facility = 20; // local4
    bool operator==(const SyslogConfig&) const = default;
};

struct WebhookConfig {
    Endpoint endpoint;
    std::string ca;
    std::string secret_file; // mode 0600; empty: not signed
    bool operator==(const WebhookConfig&) const = default;
};

struct Config {
    std::vector<SyslogConfig> syslog;
    std::vector<WebhookConfig> webhook;
    std::chrono::milliseconds window = std::chrono::seconds(60); // of folding
    unsigned rate = 10;                                          // alerts a second
    std::size_t queue = 10'000;                                  // alerts that wait for one sink
    std::set<Kind> kinds;                                        // empty: all
    bool operator==(const Config&) const = default;
};

// The section itself; what is wrong goes to the context.
Config read_config(policy::Context& context, const policy::Node& section);
// A file that has this section and no other; the sentence has all errors, one a line.
Result<Config> parse_config(std::string_view yaml, const std::string& file);

} // namespace ringwall::alerts
