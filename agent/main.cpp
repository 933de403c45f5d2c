#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "agent/agent.h"
#include "agent/controller_source.h"
#include "agent/options.h"
#include "agent/pairing.h"

namespace {

using namespace ringwall::agent;

constexpr int exit_usage = 2, exit_failed = 1;
constexpr const char* usual_config = "/etc/ringwall/agent.yaml";

constexpr const char* about =
    "Ringwall agent: enforces a policy in the kernel of this host and reports its flows.\n\n"
    "Examples:\n"
    "  ringwall-agent pair rwpair1,host=...    (printed by 'ringwall pair' at the controller)\n"
    "  ringwall-agent run                      (what the controller gives)\n"
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
    const auto file = !config.empty()                   ? config
                      : access(usual_config, R_OK) == 0 ? std::string(usual_config)
                                                        : std::string();
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
    if (options.policy.empty() && options.snapshot.empty() && is_paired(options.state_dir))
        options.controller = true;
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

int fail(const std::string& why) {
    fmt::print(stderr, "ringwall-agent: {}\n", why);
    return exit_failed;
}

int run_agent(Options options) {
    set_up_log(options);
    std::unique_ptr<Paired> paired;
    std::unique_ptr<PolicySource> source;
    if (options.controller) {
        auto opened = Paired::open(options.state_dir);
        if (!opened)
            return fail(opened.error());
        paired = std::move(*opened);
        for (auto& way : way_to_controller(paired->credentials))
            options.failsafe.push_back(std::move(way));
        source =
            std::make_unique<ControllerSource>(paired->credentials, paired->held, options.mode);
    } else {
        source = std::make_unique<FileSource>(options);
    }
    auto enforcement = Enforcement::start(options, std::move(source));
    if (!enforcement)
        return fail(enforcement.error().message);
    if (auto done = run(std::move(*enforcement), std::move(paired)); !done)
        return fail(done.error());
    return 0;
}

struct PairArguments {
    PairOptions options;
    std::vector<std::string> labels;
    std::string mode, machine_id;
};

CLI::App& add_pair(CLI::App& app, PairArguments& given) {
    auto& pair = *app.add_subcommand("pair", "Join the fleet of a controller");
    pair.add_option("line", given.options.line,
                    "what 'ringwall pair' printed at the controller; - reads it from stdin")
        ->required()
        ->type_name("LINE");
    pair.add_option("--name", given.options.wish.name, "name of this workload; default: host name");
    pair.add_option("--label", given.labels, "KEY=VALUE; may be given more than once")
        ->allow_extra_args(false);
    pair.add_option("--mode", given.mode, "idle, visibility, selective or full");
    pair.add_flag("--replace", given.options.wish.replace,
                  "take the place of a workload that is paired already");
    pair.add_option("--state-dir", given.options.state_dir, "where the agent keeps its identity")
        ->default_str(Options{}.state_dir);
    pair.add_option("--machine-id", given.machine_id,
                    "instead of /etc/machine-id, for several agents on one machine");
    return pair;
}

std::optional<std::string> read_wish(const PairArguments& given, Wish& wish) {
    for (const auto& label : given.labels) {
        const auto equals = label.find('=');
        if (equals == label.npos || equals == 0 || equals + 1 == label.size())
            return "--label " + label + ": write KEY=VALUE, for example role=Web";
        wish.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    if (given.mode.empty())
        return std::nullopt;
    Options options;
    const auto all = settings();
    const auto mode = std::ranges::find(all, "mode", &Setting::name);
    if (auto read = apply_setting(*mode, given.mode, "--mode", options); !read)
        return read.error().message;
    wish.mode = options.mode;
    return std::nullopt;
}

int pair_host(PairArguments given) {
    if (auto wrong = read_wish(given, given.options.wish)) {
        fmt::print(stderr, "ringwall-agent: {}\n", *wrong);
        return exit_usage;
    }
    if (given.options.state_dir.empty())
        given.options.state_dir = Options{}.state_dir;
    if (given.options.line == "-")
        std::getline(std::cin, given.options.line);
    auto facts = host_facts();
    if (!given.machine_id.empty())
        facts.machine_id = given.machine_id;
    const auto paired = pair(given.options, facts);
    if (!paired)
        return fail(paired.error());
    fmt::print("Paired as {} with the controller at {}. Its policy is enforced from the next start "
               "of the agent on:\n  systemctl restart ringwall-agent\n",
               paired->agent, paired->endpoints.front().text());
    Options usual;
    if (read_config(usual_config, usual) && !(usual.policy.empty() && usual.snapshot.empty()))
        fmt::print("Before that, remove 'policy', 'as' or 'snapshot' from {}: a policy that is "
                   "named there wins over the controller.\n",
                   usual_config);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    CLI::App app(about, "ringwall-agent");
    app.set_version_flag("--version", "ringwall-agent " RINGWALL_VERSION);
    app.require_subcommand(1);
    PairArguments pairing;
    const auto& pair = add_pair(app, pairing);
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
    if (pair.parsed())
        return pair_host(std::move(pairing));
    Options options;
    if (auto gathered = gather(config, given, options); !gathered) {
        fmt::print(stderr, "ringwall-agent: {}\n", gathered.error().message);
        return exit_usage;
    }
    return run_agent(std::move(options));
}
