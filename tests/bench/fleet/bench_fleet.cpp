// What thousands of agents cost one controller: its real core and store on its real port, agents in
// a second process over TLS on loopback. Pairing and connecting all of them, a provisioned change
// until the controller has the acknowledgement of every agent concerned, a label change likewise,
// memory while they are idle.
// Prints numbers as JSON, not verdicts.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/pki/request.h"
#include "common/time.h"
#include "control/core/document.h"
#include "control/pki/pairing_line.h"
#include "control/server/server.h"
#include "tests/bench/fleet/agents.h"

namespace ringwall::bench {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::array roles{"Web", "App", "Database", "Cache"};
constexpr std::size_t hosts_of_app = 20;

struct Options {
    std::size_t agents = 1000, rules = 50, rounds = 10, changes = 50;
    unsigned idle_seconds = 15, patience_seconds = 300;
    std::string directory = "/tmp";
};

template <typename Expected>
auto must(Expected result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<typename Expected::value_type>)
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
    if (values.empty())
        return {};
    std::ranges::sort(values);
    const auto at = [&](double part) {
        return values[std::min(values.size() - 1,
                               static_cast<std::size_t>(part * double(values.size())))];
    };
    return {{"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"all_ms", values.back()}};
}

std::string app_of(std::size_t number) {
    return fmt::format("app-{}", number / hosts_of_app);
}

// Rules between the roles of every app, within it. The first is between all of them, and its port
// is what a round changes: the policy of every agent differs then.
json::value rule_set(const Options& options, std::size_t round) {
    const auto one = [](std::size_t i) { return json::array{roles.at(i % roles.size())}; };
    const auto everybody = json::value_from(roles);
    json::array rules, scopes;
    for (std::size_t i = 0; i < options.rules; ++i) {
        const auto from = i == 0 ? everybody : one(i), to = i == 0 ? everybody : one(i + 1);
        const auto port = i == 0 ? 20'000 + round : 1000 + i;
        rules.push_back(json::object{
            {"name", fmt::format("rule-{}", i)},
            {"action", "allow"},
            {"from", json::array{json::object{{"role", from}}}},
            {"to", json::array{json::object{{"role", to}}}},
            {"services",
             json::array{json::object{{"proto", "tcp"}, {"ports", json::array{port}}}}}});
    }
    for (std::size_t i = 0; i < options.agents; i += hosts_of_app)
        scopes.push_back(json::object{{"app", app_of(i)}});
    return json::object{{"apiVersion", "ringwall/v1"},
                        {"kind", "RuleSet"},
                        {"metadata", {{"name", "between-roles"}}},
                        {"spec", {{"scopes", std::move(scopes)}, {"rules", std::move(rules)}}}};
}

// From the process that pairs them to the process that is them.
void write_members(const std::vector<Member>& members, const std::string& file) {
    json::array all;
    for (const auto& [paired, key] : members)
        all.push_back({{"agent", paired.agent},
                       {"certificate", paired.certificate},
                       {"trust", paired.trust},
                       {"signing_keys", paired.signing_keys},
                       {"key", key.pem()}});
    std::ofstream out(file);
    out << json::serialize(all);
    if (!out.flush())
        throw std::runtime_error(file + ": cannot be written");
}

std::vector<Member> read_members(const std::string& file) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto all = json::parse(text);
    const auto word = [](const json::value& member, const char* key) {
        return json::value_to<std::string>(member.at(key));
    };
    std::vector<Member> out;
    for (const auto& each : all.as_array()) {
        core::PairAnswer paired;
        paired.agent = word(each, "agent");
        paired.certificate = word(each, "certificate");
        paired.trust = word(each, "trust");
        paired.signing_keys = word(each, "signing_keys");
        out.push_back({std::move(paired), must(pki::PrivateKey::parse(word(each, "key")))});
    }
    return out;
}

// The acknowledgements that the controller tells of: one for each half that an agent applied.
class Acknowledgements {
  public:
    Acknowledgements(asio::io_context& context, core::Controller& controller)
        : timer_(context), subscription_(controller.subscribe(0, [this](const core::Event& event) {
              if (event.type == "agent")
                  add(event.json);
          })) {}

    std::uint64_t count() const { return count_; }
    const std::map<std::string, Clock::time_point>& newest() const { return newest_; } // by agent
    void forget() { newest_.clear(); }
    asio::awaitable<void> until(std::uint64_t count, std::chrono::seconds patience) {
        awaited_ = count;
        timer_.expires_after(patience);
        if (count_ < count)
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (count_ < count)
            throw std::runtime_error(
                fmt::format("only {} of {} halves were acknowledged", count_, count));
    }

  private:
    void add(const std::string& text) {
        const auto told = json::parse(text);
        const auto what = json::value_to<std::string>(told.at("what"));
        if (what != "policy" && what != "inventory")
            return;
        newest_[json::value_to<std::string>(told.at("agent"))] = Clock::now();
        if (++count_ == awaited_)
            timer_.cancel();
    }

    std::uint64_t count_ = 0, awaited_ = 0;
    std::map<std::string, Clock::time_point> newest_;
    asio::steady_timer timer_;
    core::Events::Subscription subscription_;
};

class Bench {
  public:
    Bench(asio::io_context& context, Options options, std::string directory);
    void pair_all();
    std::uint16_t listen();
    asio::awaitable<json::object> run();
    const std::vector<Member>& members() const { return members_; }

  private:
    store::Author me() const { return {"bench", "127.0.0.1", wall_clock_ns(), {}}; }
    void change(const json::value& document);
    Member pair(std::size_t number);
    asio::awaitable<void> pass(Clock::duration time) {
        timer_.expires_after(time);
        co_await timer_.async_wait(asio::use_awaitable);
    }
    std::uint64_t released() const {
        const auto counters = controller_->counters();
        return counters.policies + counters.inventories;
    }
    asio::awaitable<void> until_acknowledged(std::uint64_t count) {
        return acknowledgements_->until(count, std::chrono::seconds(options_.patience_seconds));
    }
    asio::awaitable<std::vector<double>> timed(std::function<void()> step);
    asio::awaitable<json::object> provisions();
    asio::awaitable<json::object> relabels();

    asio::io_context& context_;
    asio::steady_timer timer_;
    Options options_;
    std::unique_ptr<core::Controller> controller_;
    std::unique_ptr<server::Server> server_;
    std::unique_ptr<Acknowledgements> acknowledgements_;
    std::vector<Member> members_;
};

Bench::Bench(asio::io_context& context, Options options, std::string directory)
    : context_(context), timer_(context), options_(std::move(options)) {
    core::Options core;
    core.data_dir = std::move(directory);
    core.version = "bench";
    core.names = {"127.0.0.1"};
    core.wall = wall_clock_ns;
    core.steady = server::boot_clock;
    controller_ = must(core::Controller::open(std::move(core)));
    acknowledgements_ = std::make_unique<Acknowledgements>(context, *controller_);
}

void Bench::change(const json::value& document) {
    auto edit = core::edit_of(document);
    if (!edit)
        throw std::runtime_error(edit.error().front().sentence);
    must(controller_->change({me(), {std::move(*edit)}}, false));
}

Member Bench::pair(std::size_t number) {
    const auto name = fmt::format("host-{}", number);
    const auto line = must(pki::parse_line(must(controller_->pairing_line(me(), "all", ""))));
    auto key = must(pki::PrivateKey::generate(pki::KeyKind::tls));
    core::PairRequest request;
    request.peer = "127.0.0.1";
    request.redemption.token = line.token;
    request.redemption.request = must(pki::make_request(key, name));
    request.redemption.facts = {name,
                                fmt::format("{:032x}", number + 1),
                                {Address::v4(0x0a000000 + static_cast<std::uint32_t>(number))}};
    request.redemption.labels = {
        {"app", app_of(number)}, {"role", roles.at(number % roles.size())}, {"env", "Production"}};
    return {must(controller_->pair(request)), std::move(key)};
}

void Bench::pair_all() {
    must(controller_->change({me(), {{{"pairing_profile", "all"}, json::object{}, {}}}}, false));
    change(rule_set(options_, 0));
    for (std::size_t i = 0; i < options_.agents; ++i)
        members_.push_back(pair(i));
    must(controller_->provision({.by = me()}));
}

std::uint16_t Bench::listen() {
    auto identity = must(controller_->identity());
    server::ServerOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    const auto check = [this](const auto& chain) -> pki::Result<void> {
        const auto who = controller_->admit(chain);
        return who ? pki::Result<void>() : std::unexpected(who.error());
    };
    server_ = must(server::Server::listen(
        context_, options,
        {.chain = std::move(identity.chain), .key = std::move(identity.key), .check = check},
        controller_->hub(), {}));
    return server_->port();
}

// One step, and for each agent that was given something how long it took until it was acknowledged.
asio::awaitable<std::vector<double>> Bench::timed(std::function<void()> step) {
    const auto before = acknowledgements_->count(), given = released();
    acknowledgements_->forget();
    const auto start = Clock::now();
    step();
    co_await until_acknowledged(before + released() - given);
    std::vector<double> out;
    for (const auto& [agent, when] : acknowledgements_->newest())
        out.push_back(std::chrono::duration<double, std::milli>(when - start).count());
    co_return out;
}

asio::awaitable<json::object> Bench::provisions() {
    json::array rounds;
    std::vector<double> all;
    const double cpu = cpu_seconds();
    for (std::size_t round = 1; round <= options_.rounds; ++round) {
        change(rule_set(options_, round));
        const auto times = co_await timed([&] { must(controller_->provision({.by = me()})); });
        all.insert(all.end(), times.begin(), times.end());
        auto said = percentiles(times);
        said["agents"] = times.size();
        rounds.push_back(std::move(said));
    }
    auto out = percentiles(all);
    out["cpu_ms_each_agent"] = (cpu_seconds() - cpu) * 1000 / double(all.size());
    out["rounds"] = std::move(rounds);
    co_return out;
}

asio::awaitable<json::object> Bench::relabels() {
    std::vector<double> last;
    std::size_t most = 0;
    for (std::size_t i = 0; i < options_.changes; ++i) {
        const auto& name = members_.at(i * 7 % members_.size()).paired.agent;
        const auto object = must(controller_->store().object({"workload", name}));
        auto body = json::parse(object.body);
        body.as_object()["labels"] = json::object{{"app", app_of(i * 7 % members_.size())},
                                                  {"role", roles.at((i + 1) % roles.size())},
                                                  {"env", "Production"}};
        const auto times = co_await timed([&] {
            must(controller_->change({me(), {{{"workload", name}, body, object.revision}}}, false));
        });
        if (times.empty())
            continue;
        last.push_back(std::ranges::max(times));
        most = std::max(most, times.size());
    }
    auto out = percentiles(last); // until the last agent concerned has it
    out["changes"] = last.size();
    out["most_agents"] = most;
    co_return out;
}

asio::awaitable<json::object> Bench::run() {
    json::object out{{"agents", options_.agents}, {"rules", options_.rules}};
    const auto empty = resident_kib();
    co_await until_acknowledged(1); // the second process makes its contexts
    const auto start = Clock::now();
    const double cpu = cpu_seconds();
    co_await until_acknowledged(2 * options_.agents);
    out["connect_all_ms"] = milliseconds_since(start);
    out["connect_cpu_ms_each"] = (cpu_seconds() - cpu) * 1000 / double(options_.agents);
    out["provision"] = co_await provisions();
    out["label_change"] = co_await relabels();
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

// The agents' process; in it, this does not return.
void serve_agents(const std::string& members, int port_from, int lifeline) {
    std::uint16_t port = 0;
    if (read(port_from, &port, sizeof port) != sizeof port)
        _exit(1);
    int status = 1;
    try {
        status = run_agents(read_members(members), wall_clock_ns() / ns_per_second, port, lifeline);
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << "\n";
    }
    _exit(status);
}

int measure(const Options& options, const std::string& directory) {
    std::array<int, 2> lifeline{}, news{};
    if (pipe(lifeline.data()) < 0 || pipe(news.data()) < 0)
        throw std::runtime_error("no pipes");
    const auto members = directory + "/members.json";
    // Before there is a controller: else each page that it writes to is copied, within what is
    // measured.
    const pid_t child = fork();
    if (child == 0) {
        close(lifeline[1]);
        close(news[1]);
        serve_agents(members, news[0], lifeline[0]);
    }
    asio::io_context context(1);
    Bench bench(context, options, directory);
    const auto start = Clock::now();
    bench.pair_all();
    const double pairing = milliseconds_since(start) / double(options.agents);
    write_members(bench.members(), members);
    const auto port = bench.listen();
    if (child < 0 || write(news[1], &port, sizeof port) != sizeof port)
        throw std::runtime_error("no second process");
    int result = 1;
    asio::co_spawn(context, bench.run(),
                   [&](const std::exception_ptr& failed, json::object numbers) {
                       context.stop();
                       result = failed ? 1 : 0;
                       if (failed)
                           std::rethrow_exception(failed);
                       numbers["pair_ms_each"] = pairing;
                       std::cout << json::serialize(numbers) << "\n";
                   });
    context.run();
    close(lifeline[1]); // the agents end
    waitpid(child, nullptr, 0);
    return result;
}

int bench(const Options& options) {
    auto directory = options.directory + "/ringwall-bench-XXXXXX";
    if (!mkdtemp(directory.data()))
        throw std::runtime_error(options.directory + ": no directory can be made there");
    int result = 1;
    try {
        result = measure(options, directory);
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << "\n";
    }
    std::filesystem::remove_all(directory);
    return result;
}

} // namespace
} // namespace ringwall::bench

int main(int argc, char** argv) {
    CLI::App app("Thousands of agents on one controller; numbers as JSON");
    ringwall::bench::Options options;
    app.add_option("--agents", options.agents, "How many")->check(CLI::Range(1, 9000));
    app.add_option("--rules", options.rules, "Rules of the policy")->check(CLI::Range(1, 1000));
    app.add_option("--rounds", options.rounds, "Versions that are provisioned");
    app.add_option("--changes", options.changes, "Label changes");
    app.add_option("--idle", options.idle_seconds, "Seconds of silence before memory is read")
        ->check(CLI::PositiveNumber);
    app.add_option("--patience", options.patience_seconds, "Seconds that a step may take");
    app.add_option("--directory", options.directory, "Where the store lies while it is measured")
        ->check(CLI::ExistingDirectory);
    CLI11_PARSE(app, argc, argv);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return ringwall::bench::bench(options);
}
