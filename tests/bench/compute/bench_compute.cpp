// Prints what compute::Fleet costs: full compile, single changes, memory. Numbers, not verdicts.
// Times are the process's own CPU time: one thread that waits for nothing, on a machine that may be
// shared.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "control/compute/fleet.h"
#include "tests/bench/compute/estate.h"

namespace ringwall::bench {
namespace {

using compute::Change;
using compute::Fleet;
using Result = std::expected<Change, compute::Error>;

std::size_t resident_mib() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * 4096 / 1'048'576;
}

double cpu_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

Change must(Result result) {
    if (result)
        return std::move(*result);
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
}

struct Sample {
    double milliseconds = 0;
    std::size_t hosts = 0;
};

Sample timed(const std::function<Result()>& change) {
    const double start = cpu_milliseconds();
    const Change made = must(change());
    const double spent = cpu_milliseconds() - start;
    std::size_t hosts = 0;
    made.each_host([&](const auto&) { ++hosts; });
    return {spent, hosts};
}

void print(const char* what, std::vector<Sample> samples) {
    const auto at = [&](double part) {
        return samples[std::min(samples.size() - 1,
                                static_cast<std::size_t>(part * double(samples.size())))];
    };
    std::ranges::sort(samples, {}, &Sample::milliseconds);
    const double p50 = at(0.5).milliseconds, p99 = at(0.99).milliseconds;
    const double most = samples.back().milliseconds;
    std::ranges::sort(samples, {}, &Sample::hosts);
    fmt::print("{:34} p50 {:8.3f} ms  p99 {:8.3f} ms  max {:8.3f} ms   agents concerned: p50 {}, "
               "max {}\n",
               what, p50, p99, most, at(0.5).hosts, samples.back().hosts);
}

std::vector<Sample> repeat(int times, const std::function<Sample(int)>& once) {
    std::vector<Sample> out;
    for (int i = 0; i < times; ++i)
        out.push_back(once(i));
    return out;
}

void changes(Estate& estate, Fleet& fleet, int times) {
    const auto put = [&](const model::Workload& workload) {
        return timed([&] { return fleet.put(workload); });
    };
    print("label change, to a known label set", repeat(times, [&](int) {
              model::Workload& workload = estate.anybody();
              workload.labels = estate.labels(estate.roll(estate.label_sets()));
              return put(workload);
          }));
    print("label change, to a new label set", repeat(times, [&](int i) {
              model::Workload& workload = estate.anybody();
              workload.labels = estate.labels(estate.roll(estate.label_sets()));
              workload.labels["tier"] = std::to_string(i);
              return put(workload);
          }));
    print("address change", repeat(times, [&](int i) {
              model::Workload& workload = estate.anybody();
              workload.addresses = {Address::v4(0x0b000000 + static_cast<std::uint32_t>(i))};
              return put(workload);
          }));
    print("mode change", repeat(times, [&](int) {
              model::Workload& workload = estate.anybody();
              workload.mode =
                  workload.mode == model::Mode::full ? model::Mode::selective : model::Mode::full;
              return put(workload);
          }));
}

void run(const Size& size, compute::Inventory inventory, int times) {
    Estate estate(size);
    const std::size_t before = resident_mib();
    const double start = cpu_milliseconds();
    auto loaded = Fleet::load(inventory, estate.policy(), 1, 1);
    const double compiled = cpu_milliseconds() - start;
    if (!loaded) {
        fmt::print(stderr, "{}\n", loaded.error().message);
        std::exit(1);
    }
    Fleet& fleet = *loaded;
    fmt::print("{} workloads, {} label sets, {} rules, inventory {}\n", size.workloads,
               size.label_sets, size.rules,
               inventory == compute::Inventory::all ? "all" : "visible");
    fmt::print("full compile: {:.0f} ms\n", compiled);
    fmt::print("memory: {} MiB over the policy's own\n", resident_mib() - before);
    model::Policy next = estate.policy();
    next.rule_sets.front().rules.front().services.front().port.ports = {{7, 7}};
    const Sample one = timed([&] { return fleet.provision(next, 2); });
    fmt::print("provision with one rule changed: {:.0f} ms, {} agents concerned\n",
               one.milliseconds, one.hosts);
    std::fflush(stdout);
    changes(estate, fleet, times);
}

} // namespace
} // namespace ringwall::bench

int main(int argc, char** argv) {
    CLI::App app{"Incremental compute: full compile, single changes, memory"};
    double scale = 1;
    int times = 1000;
    bool all = false;
    app.add_option("--scale", scale, "size of the estate, 1: 100,000 workloads")
        ->check(CLI::Range(0.001, 10.0));
    app.add_option("--times", times, "changes of each kind")->check(CLI::PositiveNumber);
    app.add_flag("--all", all, "every agent has the whole inventory, not what its rules can see");
    CLI11_PARSE(app, argc, argv);
    const auto scaled = [&](std::size_t n) {
        return std::max<std::size_t>(10, std::size_t(double(n) * scale));
    };
    const ringwall::bench::Size full;
    ringwall::bench::run(
        {scaled(full.workloads), scaled(full.label_sets), scaled(full.rules)},
        all ? ringwall::compute::Inventory::all : ringwall::compute::Inventory::visible, times);
}
