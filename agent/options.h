// What the operator may set: one table for the command line, RINGWALL_* variables and the
// configuration file. Pure but for read_config().
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/node.h"
#include "common/error.h"
#include "common/ip.h"
#include "control/model/model.h"
#include "loader/datapath.h"

namespace ringwall::agent {

enum class OptionsErrc { unreadable, syntax, unknown_key, bad_value, missing };
using OptionsError = BasicError<OptionsErrc>;

enum class OnStop { keep, detach };
enum class Refuse { automatic, on, off };

struct Options {
    std::string policy, as;  // a directory or file of YAML, and which workload this host is
    std::string snapshot;    // or: a compiled snapshot (Protobuf)
    bool controller = false; // or: what the controller gives that this host is paired with
    std::string cgroup;      // empty: the cgroup v2 mount
    std::string pin_dir = "/sys/fs/bpf/ringwall";
    std::string state_dir = "/var/lib/ringwall";
    std::string socket = "/run/ringwall/agent.sock";
    std::string socket_group; // may use the socket; empty: root only
    std::string flow_log;
    std::string metrics_listen; // 127.0.0.1:9464
    OnStop on_stop = OnStop::keep;
    bool loopback_events = false;
    std::optional<model::Mode> mode; // of the host subject, whatever the policy says
    std::vector<Failsafe> failsafe;
    bool units_below_cgroup = false;
    Refuse refuse_connect = Refuse::automatic;
    std::vector<Prefix> service_ranges;
    // A ring of 2 MiB holds 9,000 events; it is mapped twice and counts as resident memory.
    loader::Limits limits{.ring_bytes = 2u << 20};
    std::uint32_t recent_flows = 2048;
    std::string log_level = "info";
};

// "in tcp 22 10.0.0.0/8", "out udp 53", "in icmp", "out any 192.0.2.1": direction, protocol, port
// or range, then any number of peers (none: every address).
std::optional<Failsafe> parse_failsafe(std::string_view text);

struct Setting {
    std::string_view name;  // "pin-dir": --pin-dir, RINGWALL_PIN_DIR, "pin-dir:" in the file
    std::string_view value; // what it takes, for help: "DIR"
    std::string_view help;
    bool list = false; // may be given more than once, a sequence in the file
    // Returns what a valid value looks like when `text` is none.
    std::optional<std::string> (*set)(Options&, const std::string& text);
};
std::span<const Setting> settings();

// Reads `text` (YAML) into options; `file` is for messages. Unknown and repeated keys are errors.
std::expected<void, OptionsError> apply_config(std::string_view text, const std::string& file,
                                               Options& options);
std::expected<void, OptionsError> read_config(const std::string& file, Options& options);

// Sets one by name; `origin` is for the message ("--mode", "RINGWALL_MODE", "agent.yaml:3").
std::expected<void, OptionsError> apply_setting(const Setting& setting, const std::string& text,
                                                const std::string& origin, Options& options);
// What holds between settings: one source of policy, --as with --policy.
std::expected<void, OptionsError> check(const Options& options);

} // namespace ringwall::agent
