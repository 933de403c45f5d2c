// What thousands of agents cost one controller port: connecting all of them, a policy release to
// all until all have acknowledged it, memory while they are idle. Agents live in a second process.
// Prints numbers as JSON, not verdicts.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "common/pki/request.h"
#include "control/server/server.h"
#include "tests/bench/fleet/agents.h"
#include "tests/unit/session_words.h"

namespace ringwall::bench {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using server::boot_clock;

struct Options {
    std::size_t agents = 5000, rules = 50, rounds = 5;
    unsigned idle_seconds = 15, patience_seconds = 300;
};

template <typename Expected>
auto must(Expected result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

std::size_t resident_kib() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

json::object percentiles(std::vector<double> values) {
    std::ranges::sort(values);
    const auto at = [&](double part) {
        return values[std::min(values.size() - 1,
                               static_cast<std::size_t>(part * double(values.size())))];
    };
    return {{"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"all_ms", values.back()}};
}

// Counts who is there and when each acknowledged.
class Watch : public fleet::Listener {
  public:
    void greeted(const std::string&, const v1::Hello&) override { ++greetings; }
    void acked(const std::string&, v1::Half, const v1::Holding&) override {
        answers.push_back(milliseconds_since(offered));
    }
    void nacked(const std::string& agent, const v1::Nack& nack) override {
        throw std::runtime_error(agent + " refused: " + nack.sentence());
    }
    void ahead(const std::string&, v1::Half, const v1::Holding&) override {}
    void rolled_back(const std::string&, const v1::RolledBack&) override {}
    void store_flows(const std::string&, std::uint64_t, const v1::FlowBatch&,
                     std::uint64_t) override {}
    void reported(const std::string&, const v1::HostReport&) override {}
    void impact(const std::string&, const v1::Impact&) override {}
    void command_done(const std::string&, const v1::CommandResult&) override {}
    void present(const std::string&, fleet::Presence) override {}
    void duplicate(const std::string&, const std::string&) override {}

    std::size_t greetings = 0;
    Clock::time_point offered;
    std::vector<double> answers;
};

class Bench {
  public:
    Bench(asio::io_context& context, const Options& options)
        : context_(context), timer_(context), options_(options) {
        for (std::size_t i = 0; i < options.agents; ++i)
            hub_.add(agent_name(i), {});
    }
    std::uint16_t listen(const pki::Authority& authority, std::int64_t now);
    asio::awaitable<json::object> run();

  private:
    asio::awaitable<void> wait_for(const std::size_t& count);
    asio::awaitable<json::object> round(std::uint64_t version);
    asio::awaitable<void> pass(Clock::duration time) {
        timer_.expires_after(time);
        co_await timer_.async_wait(asio::use_awaitable);
    }

    asio::io_context& context_;
    asio::steady_timer timer_;
    Options options_;
    Watch watch_;
    fleet::Hub hub_{{}, watch_};
    std::unique_ptr<server::Server> server_;
};

std::uint16_t Bench::listen(const pki::Authority& authority, std::int64_t now) {
    const auto key = must(pki::PrivateKey::generate(pki::KeyKind::tls));
    const auto request = must(pki::make_request(key, "bench"));
    const auto issued = must(authority.issue(
        request, {.identity = {pki::Kind::controller, "main"}, .names = {"127.0.0.1"}}, now));
    server::ServerOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    const auto check = [&authority, now](const auto& chain) -> pki::Result<void> {
        const auto who = authority.admit(chain, pki::Kind::agent, now);
        return who ? pki::Result<void>() : std::unexpected(who.error());
    };
    server_ = must(server::Server::listen(
        context_, options, {.chain = issued.chain, .key = key, .check = check}, hub_, {}));
    return server_->port();
}

asio::awaitable<void> Bench::wait_for(const std::size_t& count) {
    const auto start = Clock::now();
    while (count < options_.agents) {
        if (Clock::now() - start > std::chrono::seconds(options_.patience_seconds))
            throw std::runtime_error("only " + std::to_string(count) + " agents came this far");
        co_await pass(std::chrono::milliseconds(5));
    }
}

asio::awaitable<json::object> Bench::round(std::uint64_t version) {
    std::vector<std::string> rules;
    for (std::size_t i = 0; i < options_.rules; ++i)
        rules.push_back("payments/rule-" + std::to_string(i));
    rules.push_back("payments/of-version-" + std::to_string(version));
    const auto release = session_test::release(session_test::policy(version, rules));
    watch_.answers.clear();
    watch_.answers.reserve(options_.agents);
    hub_.at(boot_clock());
    const double cpu = cpu_seconds();
    watch_.offered = Clock::now();
    for (std::size_t i = 0; i < options_.agents; ++i)
        hub_.offer_policy(agent_name(i), release, std::chrono::seconds(0));
    const double offering = milliseconds_since(watch_.offered);
    while (watch_.answers.size() < options_.agents)
        co_await pass(std::chrono::milliseconds(5));
    auto out = percentiles(watch_.answers);
    out["offering_ms"] = offering;
    out["cpu_ms"] = (cpu_seconds() - cpu) * 1000;
    out["bytes"] = release->content.size();
    co_return out;
}

asio::awaitable<json::object> Bench::run() {
    json::object out{{"agents", options_.agents}, {"rules", options_.rules}};
    const auto empty = resident_kib();
    while (watch_.greetings == 0) // the second process makes its keys
        co_await pass(std::chrono::milliseconds(5));
    const auto start = Clock::now();
    const double cpu = cpu_seconds();
    co_await wait_for(watch_.greetings);
    out["connect_all_ms"] = milliseconds_since(start);
    out["connect_cpu_ms_each"] = (cpu_seconds() - cpu) * 1000 / double(options_.agents);
    json::array rounds;
    for (std::uint64_t version = 1; version <= options_.rounds; ++version)
        rounds.push_back(co_await round(version));
    out["release_to_all"] = std::move(rounds);
    const double before_idle = cpu_seconds();
    co_await pass(std::chrono::seconds(options_.idle_seconds));
    out["idle_cpu_percent"] = (cpu_seconds() - before_idle) * 100 / options_.idle_seconds;
    out["resident_mib"] = double(resident_kib()) / 1024;
    out["resident_kib_each"] = double(resident_kib() - empty) / double(options_.agents);
    const auto stats = server_->stats();
    out["connections"] = stats.agents;
    out["handshakes_failed"] = stats.handshakes_failed + stats.handshakes_timed_out;
    co_return out;
}

int bench(const Options& options) {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    const auto authority = must(pki::Authority::create(now));
    std::array<int, 2> lifeline{}, news{};
    if (pipe(lifeline.data()) < 0 || pipe(news.data()) < 0)
        throw std::runtime_error("no pipes");
    const pid_t child = fork();
    if (child == 0) {
        close(lifeline[1]);
        std::uint16_t port = 0;
        if (read(news[0], &port, sizeof port) != sizeof port)
            return 1;
        return run_agents(authority, now, port, options.agents, lifeline[0]);
    }
    asio::io_context context(1);
    Bench server(context, options);
    const auto port = server.listen(authority, now);
    if (child < 0 || write(news[1], &port, sizeof port) != sizeof port)
        throw std::runtime_error("no second process");
    int result = 1;
    asio::co_spawn(context, server.run(), [&](std::exception_ptr failed, json::object numbers) {
        context.stop();
        result = failed ? 1 : 0;
        if (failed)
            std::rethrow_exception(failed);
        std::cout << json::serialize(numbers) << "\n";
    });
    context.run();
    close(lifeline[1]); // the agents end
    waitpid(child, nullptr, 0);
    return result;
}

} // namespace
} // namespace ringwall::bench

int main(int argc, char** argv) {
    CLI::App app("Thousands of agents on one controller port; numbers as JSON");
    ringwall::bench::Options options;
    app.add_option("--agents", options.agents, "How many")->check(CLI::Range(1, 9000));
    app.add_option("--rules", options.rules, "Rules of each agent's policy");
    app.add_option("--rounds", options.rounds, "Releases that are sent to all");
    app.add_option("--idle", options.idle_seconds, "Seconds of silence before memory is read")
        ->check(CLI::PositiveNumber);
    app.add_option("--patience", options.patience_seconds, "Seconds that connecting may take");
    CLI11_PARSE(app, argc, argv);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    try {
        return ringwall::bench::bench(options);
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
