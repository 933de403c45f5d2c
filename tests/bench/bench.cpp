// ./dev bench: paired, interleaved rounds of the same load over every path; ratios, never bare
// times.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tests/bench/product.h"

namespace ringwall::bench {
namespace {

namespace json = boost::json;

double median(std::vector<double> v) {
    std::ranges::sort(v);
    return v.size() % 2 ? v[v.size() / 2] : (v[v.size() / 2 - 1] + v[v.size() / 2]) / 2;
}

struct Summary {
    double median = 0, low = 0, high = 0;
};

Summary summary(const std::vector<double>& v) {
    return {median(v), std::ranges::min(v), std::ranges::max(v)};
}

json::object to_json(const Summary& s) {
    return {{"median", s.median}, {"min", s.low}, {"max", s.high}};
}

// A mount of our own, so that nothing is pinned anywhere else.
class Bpffs {
  public:
    Bpffs() : path_("/tmp/rw-bench-bpffs-" + std::to_string(getpid())) {
        if (mkdir(path_.c_str(), 0700) || mount("bpf", path_.c_str(), "bpf", 0, nullptr))
            throw std::runtime_error("cannot mount a bpffs (root is needed)");
    }
    ~Bpffs() {
        umount2(path_.c_str(), MNT_DETACH);
        rmdir(path_.c_str());
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class Bench {
  public:
    struct Plan {
        int rounds = 15, slices = 35, slice_ms = 20;
        std::vector<std::string> paths; // empty: every path
        std::vector<std::string> loads; // empty: both
    };

    explicit Bench(Plan plan) : plan_(std::move(plan)) {
        one_rule_.nftables(1);
        many_rules_.nftables(1000);
        add("unfiltered", "none", plain_, wire_);
        add("floor", "none", floor_cgroup_, wire_);
        product("ringwall-visibility-10", loader::Mode::visibility, 10, 100);
        product("ringwall-visibility-100k", loader::Mode::visibility, 100'000, 10'000);
        product("ringwall-full-10", loader::Mode::full, 10, 100);
        product("ringwall-full-100k", loader::Mode::full, 100'000, 10'000);
        add("nftables-1", "stateful", plain_, one_rule_);
        add("nftables-1000", "stateful", plain_, many_rules_);
        paths_[paths_.size() - 2].entries = 1;
        paths_.back().entries = 1000;
        if (!plan_.paths.empty())
            std::erase_if(paths_, [&](const Path& path) {
                return path.name != "floor" && path.name != "unfiltered" &&
                       std::ranges::find(plan_.paths, path.name) == plan_.paths.end();
            });
    }

    // A round gives every path its time in slices that take turns: the machine's speed drifts
    // within a second, and what is compared should drift together.
    json::array measure(Load load) {
        std::vector<std::vector<double>> rates(paths_.size());
        for (int round = 0; round < plan_.rounds; ++round) {
            std::vector<double> sums(paths_.size());
            for (int slice = 0; slice < plan_.slices; ++slice)
                for (std::size_t i = 0; i < paths_.size(); ++i) {
                    const std::size_t path = (i + round + slice) % paths_.size();
                    sums[path] +=
                        run(load, paths_[path].site, std::chrono::milliseconds(plan_.slice_ms));
                }
            for (std::size_t i = 0; i < paths_.size(); ++i)
                rates[i].push_back(sums[i] / plan_.slices);
            std::fprintf(stderr, "%s: round %d of %d\n", name(load), round + 1, plan_.rounds);
        }
        return report(load, rates);
    }

  private:
    void add(const std::string& name, const std::string& mode, const Cgroup& cgroup,
             const Wire& wire) {
        paths_.push_back(
            {name, mode, 0, 0, {cgroup.path(), wire.client(), wire.server(), "10.98.0.2", 0}});
    }

    void product(const std::string& name, loader::Mode mode, std::size_t peers,
                 std::size_t entries) {
        cgroups_.push_back(std::make_unique<Cgroup>(name));
        products_.push_back(
            std::make_unique<Product>(*cgroups_.back(), mode, peers, entries, bpffs_.path(), 1));
        add(name, mode == loader::Mode::full ? "full" : "visibility", *cgroups_.back(), wire_);
        paths_.back().peers = peers;
        paths_.back().entries = entries;
    }

    // Ratios pair by pair: the machine's speed drifts, a round's pair drifts together.
    static std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
        std::vector<double> out;
        for (std::size_t i = 0; i < a.size(); ++i)
            out.push_back(a[i] / b[i]);
        return out;
    }

    json::array report(Load load, const std::vector<std::vector<double>>& rates) {
        json::array rows;
        std::printf("\n%-28s %12s %10s %22s %12s\n", name(load), "median/s", "of floor",
                    "(min..max)", "of unfilt.");
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            const auto& path = paths_[i];
            const auto rate = summary(rates[i]);
            const auto floor = summary(ratios(rates[i], rates[1]));
            const auto open = summary(ratios(rates[i], rates[0]));
            std::printf("%-28s %12.0f %9.1f%% %9.1f%% ..%6.1f%% %11.1f%%\n", path.name.c_str(),
                        rate.median, 100 * floor.median, 100 * floor.low, 100 * floor.high,
                        100 * open.median);
            rows.push_back({{"load", name(load)},
                            {"path", path.name},
                            {"mode", path.mode},
                            {"peers", path.peers},
                            {"entries", path.entries},
                            {"unit", "operations per second"},
                            {"rounds", rates[i].size()},
                            {"rate", to_json(rate)},
                            {"rates", json::array(rates[i].begin(), rates[i].end())},
                            {"ratio_to_floor", to_json(floor)},
                            {"ratio_to_unfiltered", to_json(open)}});
        }
        return rows;
    }

    Plan plan_;
    Bpffs bpffs_;
    Wire wire_, one_rule_, many_rules_;
    Cgroup plain_{"plain"}, floor_cgroup_{"floor"};
    Floor floor_{floor_cgroup_};
    std::vector<std::unique_ptr<Cgroup>> cgroups_;
    std::vector<std::unique_ptr<Product>> products_;
    std::vector<Path> paths_;
};

} // namespace
} // namespace ringwall::bench

int main(int argc, char** argv) {
    using namespace ringwall::bench;
    CLI::App app{"Connect rate and request-response over every path, in one run"};
    Bench::Plan plan;
    std::string file;
    app.add_option("--rounds", plan.rounds, "paired rounds")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    app.add_option("--slices", plan.slices, "turns that each path gets in a round")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    app.add_option("--ms", plan.slice_ms, "length of one turn")
        ->capture_default_str()
        ->check(CLI::Range(20, 60000));
    app.add_option("--path", plan.paths,
                   "measure only this path beside floor and unfiltered; may be repeated");
    app.add_option("--load", plan.loads, "only this load; may be repeated")
        ->check(CLI::IsMember({name(Load::connect_request_close), name(Load::request_response)}));
    app.add_option("--report", file, "write the rows as JSON");
    CLI11_PARSE(app, argc, argv);
    stop_on_signals();
    try {
        Bench bench(plan);
        boost::json::array rows;
        for (const auto load : {Load::connect_request_close, Load::request_response})
            if (plan.loads.empty() || std::ranges::count(plan.loads, std::string(name(load))))
                for (auto& row : bench.measure(load))
                    rows.push_back(row);
        if (!file.empty()) {
            std::ofstream out(file);
            out << boost::json::object{{"rows", rows}} << "\n";
            if (!out)
                throw std::runtime_error("cannot write " + file);
        }
    } catch (const std::exception& error) {
        std::cerr << "bench: " << error.what() << "\n";
        return 1;
    }
}
