// The file with the controllers an account knows: ~/.config/ringwall/config.yaml.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/command.h"

namespace ringwall::cli {

struct Context {
    std::string name, server;
    std::string ca;                // path of a PEM file, or a fingerprint
    std::string token, token_file; // at most one of them
    bool operator==(const Context&) const = default;
};

struct Config {
    std::vector<Context> contexts;
    std::string current; // empty: none
    const Context* find(std::string_view name) const;
    Context* find(std::string_view name);
    bool operator==(const Config&) const = default;
};

// The value of a variable; empty when it is not set. Tests have their own.
using Environment = std::function<std::string(const char*)>;
Environment process_environment();

// $RINGWALL_CONFIG, else below $HOME; empty when neither is set.
std::string config_path(const Environment& environment);

// A missing file is an empty config. Refused when others may read it (it may hold a token) or when
// it is not in the form that save_config() writes; messages have file:line:column.
Result<Config> load_config(const std::string& path);
// Mode 0600; makes the folder (0700) where it is missing.
Result<void> save_config(const std::string& path, const Config& config);

// For tests and load_config().
Result<Config> parse_config(std::string_view text, const std::string& path);
std::string config_text(const Config& config);

} // namespace ringwall::cli
