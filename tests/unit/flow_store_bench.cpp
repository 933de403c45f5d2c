// What the store of flows costs: appending batches of 1,000 from many agents, looking through rows,
// opening. On the disk of the current directory, so that fsync counts.
#include <filesystem>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "control/flows/store.h"

namespace ringwall::flows {
namespace {

constexpr int batch = 1000;
constexpr std::int64_t second = 1'000'000'000, noon = 1'790'000'000 * second;

class Place {
  public:
    Place() { remove(); }
    ~Place() { remove(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Place(Place&&) = delete;
    Place& operator=(Place&&) = delete;
    std::string path() const { return name_; }

  private:
    void remove() const {
        for (const auto* end : {"", "-wal", "-shm", ".lock"})
            std::filesystem::remove(name_ + end);
    }
    std::string name_ = "bench-flows.db";
};

v1::FlowSummary summary(int agent, int i) {
    v1::FlowSummary out;
    out.set_first_ns(noon);
    out.set_last_ns(noon + i);
    out.set_count(3);
    out.set_verdict(i % 500 == 0 ? v1::BLOCKED : v1::ALLOWED);
    out.set_reason("allow");
    out.add_rules("payments/web to app");
    out.set_policy_version(17);
    out.set_direction(i % 2 ? v1::INBOUND : v1::OUTBOUND);
    out.set_protocol(6);
    out.set_port(static_cast<std::uint32_t>(1024 + i % 300));
    out.set_subject(fmt::format("web-{}", agent));
    out.set_local(std::string("\x0a\0\0\1", 4));
    out.set_peer(std::string("\x0a\0\1\7", 4));
    out.add_peer_identities(static_cast<std::uint32_t>(i));
    out.mutable_process()->set_path("/usr/lib/jvm/java-17-openjdk-amd64/bin/java");
    out.mutable_process()->set_unit("/system.slice/tomcat10.service");
    out.mutable_process()->set_user("tomcat");
    out.set_bytes_sent(12'345);
    out.set_bytes_received(678'901);
    return out;
}

std::vector<Arrival> group(int agents) {
    std::vector<Arrival> out;
    for (int agent = 0; agent < agents; ++agent) {
        Arrival one{
            .agent = fmt::format("web-{}", agent), .stream = 1, .received_ns = noon + second};
        for (int i = 0; i < batch; ++i) {
            *one.batch.add_summaries() = summary(agent, i);
            one.labels.push_back(
                {fmt::format(R"({{"app":"Payments","env":"Production","role":"Web {}"}})", agent),
                 fmt::format(R"({{"app":"Payments","env":"Production","role":"App {}"}})",
                             i % 50)});
        }
        out.push_back(std::move(one));
    }
    return out;
}

// A group every second; its summaries reach five seconds back, as agents gather them.
void renumber(std::vector<Arrival>& arrivals, std::uint64_t round) {
    const auto now = noon + static_cast<std::int64_t>(round) * second;
    for (auto& each : arrivals) {
        each.received_ns = now;
        for (int i = 0; i < batch; ++i)
            each.batch.mutable_summaries(i)->set_last_ns(now - 5 * second * i / batch);
        each.batch.set_first(round * batch + 1);
        each.batch.set_last(round * batch + batch);
    }
}

void fill(Store& store, std::uint64_t rounds) {
    auto arrivals = group(10);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        renumber(arrivals, round);
        if (!store.append(arrivals))
            std::abort();
    }
}

void append(benchmark::State& state) {
    const Place place;
    auto store = Store::open({.path = place.path()});
    auto arrivals = group(static_cast<int>(state.range(0)));
    std::uint64_t round = 0;
    for (auto step : state) {
        state.PauseTiming();
        renumber(arrivals, round++);
        state.ResumeTiming();
        if (!(*store)->append(arrivals))
            state.SkipWithError("not stored");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * batch);
    state.counters["bytes/row"] = static_cast<double>(std::filesystem::file_size(place.path())) /
                                  static_cast<double>((*store)->rows());
}
BENCHMARK(append)->Arg(1)->Arg(10)->Iterations(20)->Unit(benchmark::kMillisecond)->UseRealTime();

// At the cap: as many rows go as come.
void append_and_trim(benchmark::State& state) {
    const Place place;
    auto store = Store::open({.path = place.path(), .max_rows = 100'000});
    fill(**store, 10);
    auto arrivals = group(10);
    std::uint64_t round = 10;
    for (auto step : state) {
        renumber(arrivals, round++);
        if (!(*store)->append(arrivals))
            state.SkipWithError("not stored");
        while ((*store)->trim(noon + static_cast<std::int64_t>(round) * second)->more) {
        }
    }
    state.SetItemsProcessed(state.iterations() * 10 * batch);
}
BENCHMARK(append_and_trim)->Iterations(20)->Unit(benchmark::kMillisecond)->UseRealTime();

void look_through(benchmark::State& state, const Filter& filter) {
    const Place place;
    auto store = Store::open({.path = place.path()});
    fill(**store, 20);
    for (auto step : state) {
        PageRequest request{.limit = 1000};
        do {
            request.after = (*store)->query(filter, request)->next;
        } while (!request.after.empty());
    }
    state.SetItemsProcessed(state.iterations() * 200'000);
}
BENCHMARK_CAPTURE(look_through, nothing_but_labels, {.source = {{"role", "Nobody"}}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(look_through, blocked, {.verdicts = {v1::BLOCKED}})
    ->Unit(benchmark::kMillisecond);

void open_a_million(benchmark::State& state) {
    const Place place;
    fill(**Store::open({.path = place.path()}), 100);
    for (auto step : state)
        if (!Store::open({.path = place.path()}))
            state.SkipWithError("not opened");
}
BENCHMARK(open_a_million)->Iterations(2)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
} // namespace ringwall::flows

BENCHMARK_MAIN();
