// Prints what summaries cost on their way into the store of flows and the application map, their
// files, and the map's own queries.
// Numbers, not verdicts. Times are the process's own CPU time, so waiting for the disk is not in
// them; the time by the clock is told beside it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "control/api/map_request.h"
#include "control/flowmap/edge_map.h"
#include "control/flowmap/graph.h"
#include "control/flows/store.h"
#include "control/history/proposal.h"
#include "tests/bench/flowmap/traffic.h"

namespace ringwall::bench {
namespace {

using flowmap::EdgeMap;

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

double timed(const std::function<void()>& work) {
    const double start = cpu_ms();
    work();
    return cpu_ms() - start;
}

[[noreturn]] void give_up(const std::string& sentence) {
    fmt::print(stderr, "ringwall-bench-flowmap: {}\n", sentence);
    std::exit(1);
}

template <typename T>
T must(flows::Result<T> result) {
    if (!result)
        give_up(result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

// Rows come in order here, so nothing is asked of them again.
class Nothing final : public flowmap::Past {
  public:
    flows::Result<void> between(std::int64_t, std::int64_t, std::uint64_t,
                                const Visit&) const override {
        return {};
    }
    flows::Result<void> behind(std::uint64_t, const Visit&) const override { return {}; }
    std::int64_t complete_since_ns() const override {
        return std::numeric_limits<std::int64_t>::max();
    }
};

struct Scale {
    TrafficSize fleet;
    std::size_t summaries = 20'000'000;
    std::int64_t days = 30;
    std::int64_t scanners = 1'000'000;
};

constexpr std::int64_t begin_ns = flowmap::day_ns * 20'700; // a day of 2026
std::int64_t end_of(const Scale& scale) {
    return begin_ns + scale.days * flowmap::day_ns;
}

double resident_mib() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return double(resident) * double(sysconf(_SC_PAGESIZE)) / 1048576;
}

constexpr std::int64_t write_every_ns = 10 * flowmap::minute_ns;

// As agents send them that see four flows a second and gather for five.
constexpr std::size_t rows_of_a_batch = 20;

std::vector<flows::Arrival> arrivals_of(const std::vector<flows::Row>& rows) {
    std::vector<flows::Arrival> out;
    for (const auto& row : rows) {
        if (out.empty() || out.back().labels.size() == rows_of_a_batch)
            out.push_back({.agent = row.agent, .stream = row.id, .received_ns = row.received_ns});
        auto& arrival = out.back();
        *arrival.batch.add_summaries() = row.summary;
        arrival.labels.push_back(row.labels);
        arrival.batch.set_first(1);
        arrival.batch.set_last(arrival.labels.size());
    }
    return out;
}

void store_all(flows::Store& store, const std::vector<flows::Arrival>& arrivals) {
    must(store.append(arrivals));
    for (bool more = true; more;)
        more = must(store.trim(begin_ns)).more; // by number only
}

// Both ways that summaries take, with the CPU time of each.
class Intake {
  public:
    Intake(flows::Store& store, EdgeMap& map) : store_(store), map_(map) {}

    void take(const std::vector<flows::Row>& rows, std::int64_t now_ns) {
        const auto arrivals = arrivals_of(rows);
        stored_ += timed([&] { store_all(store_, arrivals); });
        taken_ += timed([&] {
            for (const auto& row : rows)
                map_.take(row);
        });
        written_ += timed([&] { must(map_.advance(now_ns)); });
        count_ += rows.size();
    }
    void finish(std::int64_t now_ns) {
        written_ += timed([&] { must(map_.advance(now_ns, true)); });
    }
    void print() const {
        const auto each = [&](double cpu) { return cpu * 1e3 / double(count_); };
        fmt::print("taking in, each: {:.2f} us in the store of flows, {:.2f} into minutes, {:.2f} "
                   "folded and written: {:.0f} a second on one core\n",
                   each(stored_), each(taken_), each(written_),
                   1e6 / each(stored_ + taken_ + written_));
    }

  private:
    flows::Store& store_;
    EdgeMap& map_;
    double stored_ = 0, taken_ = 0, written_ = 0;
    std::size_t count_ = 0;
};

std::uint64_t fill(flows::Store& store, EdgeMap& map, const Scale& scale, std::uint64_t seed) {
    Traffic traffic(scale.fleet, seed);
    Intake intake(store, map);
    std::vector<flows::Row> rows;
    std::uint64_t id = 0;
    const auto began = std::chrono::steady_clock::now();
    const auto end_ns = end_of(scale);
    const auto step = (end_ns - begin_ns) / static_cast<std::int64_t>(scale.summaries);
    for (auto at = begin_ns; at < end_ns;) {
        rows.clear();
        const auto next = std::min(at + write_every_ns, end_ns);
        for (; at < next; at += 2 * step) // a connection is two summaries
            traffic.connection(at, id, rows);
        intake.take(rows, at);
    }
    intake.finish(end_ns + flowmap::hour_ns);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    fmt::print("{} summaries of {} workloads, {} apps, {} days\n", id, scale.fleet.workloads,
               scale.fleet.apps, scale.days);
    intake.print();
    fmt::print("(making them up and the disk not counted; {:.0f} s by the clock)\n", wall.count());
    fmt::print("{} edges, {:.1f} MiB in the file, {:.1f} bytes a summary\n", map.catalog().edges(),
               double(map.bytes()) / 1048576, double(map.bytes()) / double(id));
    return id;
}

// Strangers that nobody saw before, on one service within an hour.
void scan(flows::Store& store, EdgeMap& map, const Scale& scale, std::uint64_t id) {
    const Traffic traffic(scale.fleet, 1);
    const auto begin = end_of(scale) + flowmap::hour_ns, end = begin + flowmap::hour_ns;
    const auto edges = map.catalog().edges();
    const auto memory = resident_mib();
    Intake intake(store, map);
    std::vector<flows::Row> rows;
    std::uint32_t number = 0;
    for (auto at = begin; at < end; at += flowmap::minute_ns) {
        rows.clear();
        for (const auto until = (at + flowmap::minute_ns - begin) * scale.scanners / (end - begin);
             number < until;)
            traffic.scanner(number++, at, id, rows);
        intake.take(rows, at);
    }
    intake.finish(end + flowmap::hour_ns);
    const auto period = must(map.read(begin, end));
    flowmap::Numbers all;
    for (const auto& [edge, numbers] : period.edges)
        all += numbers;
    fmt::print(
        "scan by {} strangers in an hour: {} new edges, {} attempts counted, {} addresses in "
        "the busiest minute, {:.1f} MiB more resident\n",
        number, map.catalog().edges() - edges, all.count, all.peers, resident_mib() - memory);
    intake.print();
}

void print(const char* what, std::vector<double> times) {
    std::ranges::sort(times);
    const auto at = [&](double part) {
        return times[std::min(times.size() - 1,
                              static_cast<std::size_t>(part * double(times.size())))];
    };
    fmt::print("{:44} p50 {:8.1f} ms  p95 {:8.1f} ms  max {:8.1f} ms\n", what, at(0.5), at(0.95),
               times.back());
    std::fflush(stdout);
}

api::MapRequest request(const std::string& query, std::int64_t days, std::int64_t end_ns) {
    auto parsed = query::parse(query, end_ns);
    if (!parsed)
        give_up(parsed.error().sentence);
    api::MapRequest out;
    out.query = std::move(*parsed);
    out.until_ns = end_ns;
    out.since_ns = end_ns - days * flowmap::day_ns;
    out.keys = {"app", "env"};
    return out;
}

flowmap::Period edges_of(const EdgeMap& map, const api::MapRequest& wanted) {
    auto period = api::edges_of(map, wanted, api::Principal{});
    if (!period)
        give_up(period.error().detail);
    return std::move(*period);
}

void ask(const EdgeMap& map, const Scale& scale, std::uint64_t seed, int times) {
    Traffic names(scale.fleet, seed);
    std::mt19937_64 dice(seed);
    const auto end_ns = end_of(scale);
    const auto repeat = [&](const char* what, const std::function<std::string()>& query,
                            std::int64_t days) {
        std::vector<double> spent;
        for (int i = 0; i < times; ++i)
            spent.push_back(timed([&] {
                const auto wanted = request(query(), days, end_ns);
                const auto period = edges_of(map, wanted);
                flowmap::group(map.catalog(), period.edges, wanted.keys, {});
            }));
        print(what, std::move(spent));
    };
    const auto app = [&] { return names.app(dice() % scale.fleet.apps); };
    repeat("map of everything, all days", [] { return ""; }, scale.days);
    repeat("map of everything, one day", [] { return ""; }, 1);
    repeat("map of one app, all days", [&] { return "app=" + app(); }, scale.days);
    repeat("map of what is blocked, all days", [] { return "verdict=blocked"; }, scale.days);
    repeat(
        "map of a port and a process, all days", [] { return "port=5432 from.process=java"; },
        scale.days);
}

// Single flows: the newest, and rare ones that are looked for through all that are kept.
void look(const flows::Store& store, int times) {
    const auto repeat = [&](const char* what, const flows::Filter& filter, bool all) {
        std::vector<double> spent;
        for (int i = 0; i < times; ++i)
            spent.push_back(timed([&] {
                flows::PageRequest page{.limit = 1000};
                for (bool more = true; more;) {
                    page.after = must(store.query(filter, page)).next;
                    more = all && !page.after.empty();
                }
            }));
        print(what, std::move(spent));
    };
    fmt::print("{} flows kept\n", store.rows());
    repeat("the newest 1,000 flows", {}, false);
    repeat("flows of a port, through all", {.ports = {5672}}, true);
}

void judge(const EdgeMap& map, const Scale& scale, std::uint64_t seed) {
    Traffic names(scale.fleet, seed);
    const auto end_ns = end_of(scale);
    const auto work = [&](const char* what, const std::string& query) {
        const auto period = edges_of(map, request(query, scale.days, end_ns));
        history::Comparison comparison;
        comparison.take(map.catalog(), period.edges);
        history::Proposal proposal;
        const double proposing = timed([&] {
            auto made = history::propose(comparison, {.now_ns = end_ns});
            if (!made)
                give_up(made.error());
            proposal = std::move(*made);
        });
        std::size_t rules = 0;
        for (const auto& set : proposal.sets)
            rules += set.rules.size();
        const double judging = timed([&] {
            if (auto done = comparison.run(); !done)
                give_up(done.error());
        });
        fmt::print("{:20} {} edges: proposal of {} rules {:.0f} ms, impact {:.0f} ms\n", what,
                   period.edges.size(), rules, proposing, judging);
    };
    work("one app", "app=" + names.app(7));
    work("everything", "");
}

} // namespace
} // namespace ringwall::bench

int main(int argc, char** argv) {
    CLI::App app{"The application map: summaries in, its file, its queries"};
    double scale = 1;
    int times = 50;
    std::uint64_t seed = 1;
    std::string folder = std::filesystem::temp_directory_path();
    app.add_option("--scale", scale, "1: 50,000 workloads, 500 apps, 20 million summaries")
        ->check(CLI::Range(0.001, 10.0));
    app.add_option("--times", times, "queries of each kind")->check(CLI::PositiveNumber);
    app.add_option("--seed", seed, "of the traffic");
    app.add_option("--folder", folder, "where the map's file is made, and removed");
    CLI11_PARSE(app, argc, argv);
    const auto scaled = [&](std::size_t n) {
        return std::max<std::size_t>(10, std::size_t(double(n) * scale));
    };
    ringwall::bench::Scale size;
    size.fleet = {scaled(50'000), scaled(500)};
    size.summaries = scaled(20'000'000);
    size.scanners = static_cast<std::int64_t>(scaled(1'000'000));
    std::string made = folder + "/rw-bench-flowmap-XXXXXX";
    if (!mkdtemp(made.data()))
        ringwall::bench::give_up("no folder can be made in " + folder);
    {
        const ringwall::bench::Nothing past;
        ringwall::flowmap::MapOptions options;
        options.path = made + "/map.db";
        auto map = ringwall::bench::must(ringwall::flowmap::EdgeMap::open(options, past));
        auto store =
            ringwall::bench::must(ringwall::flows::Store::open({.path = made + "/flows.db"}));
        const auto last = ringwall::bench::fill(*store, *map, size, seed);
        ringwall::bench::ask(*map, size, seed, times);
        ringwall::bench::look(*store, std::min(times, 5));
        ringwall::bench::judge(*map, size, seed);
        ringwall::bench::scan(*store, *map, size, last);
    }
    std::filesystem::remove_all(made);
}
