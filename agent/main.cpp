#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "agent/agent.h"
#include "agent/options.h"

namespace {

using namespace ringwall::agent;

constexpr int exit_usage = 2, exit_failed = 1;

constexpr const char* about =
    "Ringwall agent: enforces a policy in the kernel of this host and reports its flows.\n\n"
    "Examples:\n"
    "  ringwall-agent run --policy /etc/ringwall/policy --as app-uk-1\n"
    "  ringwall-agent run --policy policy.yaml --as laptop --mode visibility\n"
    "  ringwall-agent run --snapshot app-uk-1.rw --on-stop detach\n\n"
    "Settings come from --config (default /etc/ringwall/agent.yaml where it exists), then from\n"
    "RINGWALL_* variables, then from the command line; the later wins. SIGHUP reads the policy\n"
    "again and reopens the flow log; SIGTERM stops, enforcement stays unless --on-stop detach.";

std::string variable_of(std::string_view name) {
    std::string out = "RINGWALL_";
    for (char c : name)
        out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

using Given = std::map<std::string_view, std::vector<std::string>>;

std::expected<void, OptionsError> gather(const std::string& config, const Given& given,
                                         Options& options) {
    const std::string usual = "/etc/ringwall/agent.yaml";
    const auto file = !config.empty() ? config : access(usual.c_str(), R_OK) == 0 ? usual : "";
    if (!file.empty())
        if (auto read = read_config(file, options); !read)
            return read;
    for (const auto& setting : settings()) {
        const auto variable = variable_of(setting.name);
        if (const char* value = std::getenv(variable.c_str()); value && *value)
            if (auto done = apply_setting(setting, value, variable, options); !done)
                return done;
        for (const auto& value : given.at(setting.name))
            if (auto done =
                    apply_setting(setting, value, fmt::format("--{}", setting.name), options);
                !done)
                return done;
    }
    return check(options);
}

void set_up_log(const Options& options) {
    auto log = std::make_shared<spdlog::logger>("agent",
                                                std::make_shared<spdlog::sinks::stderr_sink_st>());
    log->set_level(spdlog::level::from_str(options.log_level));
    // journald stamps the time itself
    log->set_pattern(std::getenv("JOURNAL_STREAM") ? "%l %v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(log));
}

int run_agent(const Options& options) {
    set_up_log(options);
    auto enforcement = Enforcement::start(options);
    const auto fail = [](const std::string& why) {
        fmt::print(stderr, "ringwall-agent: {}\n", why);
        return exit_failed;
    };
    if (!enforcement)
        return fail(enforcement.error().message);
    if (auto done = run(std::move(*enforcement)); !done)
        return fail(done.error());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    CLI::App app(about, "ringwall-agent");
    app.set_version_flag("--version", "ringwall-agent " RINGWALL_VERSION);
    app.require_subcommand(1);
    auto* run = app.add_subcommand("run", "Enforce until stopped");
    std::string config;
    Given given;
    run->add_option("--config", config, "YAML file with the same names as these options")
        ->type_name("FILE");
    for (const auto& setting : settings()) {
        auto* option = run->add_option("--" + std::string(setting.name), given[setting.name],
                                       std::string(setting.help));
        option->type_name(std::string(setting.value))->allow_extra_args(false)->expected(1);
        if (setting.list)
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        else
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        if (setting.value == "true|false")
            option->expected(0, 1)->default_str("true");
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return error.get_exit_code() == 0 ? app.exit(error) : (app.exit(error), exit_usage);
    }
    Options options;
    if (auto gathered = gather(config, given, options); !gathered) {
        fmt::print(stderr, "ringwall-agent: {}\n", gathered.error().message);
        return exit_usage;
    }
    return run_agent(options);
}
