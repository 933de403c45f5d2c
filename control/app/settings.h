// What the operator of a controller may set: a YAML file, then the command line, which wins.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "control/alerts/config.h"

namespace ringwall::app {

struct Settings {
    std::string data_dir = "/var/lib/ringwall-controller";
    std::string address = "::"; // IPv4 and IPv6
    std::uint16_t port = 8443;
    // How agents and people reach it: DNS names and addresses, for its certificate. Empty: the host
    // name and the addresses this host has.
    std::vector<std::string> names;
    std::int64_t certificate_days = 30; // of agents
    std::uint64_t flow_rows = 1'000'000;
    std::int64_t flow_days = 7;
    std::int64_t map_days = 400;         // of edges by the day
    std::uint64_t map_mib = 2048;        // of the map's file
    std::int64_t silent_grace_hours = 0; // 0: the silent stay in their peers' policy for ever
    std::string log_level = "info";
    std::string ui_dir; // files of the web UI; empty: those that are built in
    alerts::Config alerts;
};

// "8443", "10.0.0.1:8443", "[::1]:8443"; false: none of them.
bool parse_listen(std::string_view text, Settings& settings);

// The sentence has all that is wrong, one "file:line: ..." a line.
std::expected<void, std::string> apply_config(std::string_view yaml, const std::string& file,
                                              Settings& settings);
std::expected<void, std::string> read_config(const std::string& file, Settings& settings);

// Host name and global addresses; 127.0.0.1, ::1 and localhost at the end.
std::vector<std::string> own_names();

} // namespace ringwall::app
