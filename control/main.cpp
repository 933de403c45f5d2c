#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "control/app/application.h"
#include "control/app/restore.h"
#include "control/app/settings.h"

namespace {

using ringwall::app::Settings;

constexpr int exit_usage = 2, exit_failed = 1;

constexpr const char* about =
    "Ringwall controller: one label policy for a fleet, pushed live to its agents.\n\n"
    "Examples:\n"
    "  ringwall-controller run\n"
    "  ringwall-controller run --listen 10.0.0.1:8443 --name ringwall.example\n"
    "  ringwall-controller restore backup.db\n\n"
    "Settings come from --config (default /etc/ringwall/controller.yaml where it exists), then from\n"
    "the command line, which wins. The first start makes a CA, a key that signs policy and a token\n"
    "with all rights, in DATA_DIR/admin.token (mode 0600). SIGTERM stops it; agents go on enforcing.";

struct Given {
    std::string config, data_dir, listen, log_level, ui_dir;
    std::vector<std::string> names;
};

int fail(const std::string& sentence, int code) {
    fmt::print(stderr, "ringwall-controller: {}\n", sentence);
    return code;
}

std::expected<Settings, std::string> gather(const Given& given) {
    const std::string usual = "/etc/ringwall/controller.yaml";
    const auto file = !given.config.empty()              ? given.config
                      : access(usual.c_str(), R_OK) == 0 ? usual
                                                         : "";
    Settings out;
    if (!file.empty())
        if (auto read = ringwall::app::read_config(file, out); !read)
            return std::unexpected(read.error());
    if (!given.data_dir.empty())
        out.data_dir = given.data_dir;
    if (!given.log_level.empty())
        out.log_level = given.log_level;
    if (!given.ui_dir.empty())
        out.ui_dir = given.ui_dir;
    if (!given.names.empty())
        out.names = given.names;
    if (!given.listen.empty() && !ringwall::app::parse_listen(given.listen, out))
        return std::unexpected(fmt::format("--listen {}: write a port, or an address and a port, "
                                           "such as 8443, 10.0.0.1:8443 or [::1]:8443",
                                           given.listen));
    return out;
}

void set_up_log(const std::string& level) {
    auto log = std::make_shared<spdlog::logger>("controller",
                                                std::make_shared<spdlog::sinks::stderr_sink_st>());
    log->set_level(spdlog::level::from_str(level));
    // journald stamps the time itself
    log->set_pattern(std::getenv("JOURNAL_STREAM") ? "%l %v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(log));
}

// Connections are descriptors, and nothing here uses select().
void use_all_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app(about, "ringwall-controller");
    app.set_version_flag("--version", "ringwall-controller " RINGWALL_VERSION);
    app.require_subcommand(1);
    Given given;
    std::string backup;
    auto* run = app.add_subcommand("run", "Serve until stopped");
    auto* restore = app.add_subcommand(
        "restore",
        "Put a backup in the place of the policy database; the controller must be stopped");
    for (auto* command : {run, restore}) {
        command->add_option("--config", given.config, "YAML file")->type_name("FILE");
        command->add_option("--data-dir", given.data_dir, "Database, keys, tokens (mode 0700)")
            ->type_name("DIR");
    }
    run->add_option("--listen", given.listen, "Port, or address and port; 8443 on all addresses")
        ->type_name("[ADDRESS:]PORT");
    run->add_option("--name", given.names,
                    "DNS name or address that agents reach it by; may be given more than once")
        ->type_name("NAME")
        ->allow_extra_args(false);
    run->add_option("--log-level", given.log_level, "What is logged")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    run->add_option("--ui-dir", given.ui_dir,
                    "Serve the web UI's files from here, not those that are built in")
        ->type_name("DIR");
    restore->add_option("FILE", backup, "What 'ringwall backup' wrote")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return error.get_exit_code() == 0 ? app.exit(error) : (app.exit(error), exit_usage);
    }
    const auto settings = gather(given);
    if (!settings)
        return fail(settings.error(), exit_usage);
    set_up_log(settings->log_level);
    use_all_descriptors();
    const auto done = restore->parsed() ? ringwall::app::restore(backup, settings->data_dir)
                                        : ringwall::app::run(*settings, RINGWALL_VERSION);
    return done ? 0 : fail(done.error(), exit_failed);
}
