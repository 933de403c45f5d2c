// The oracle: random policies x random flows, the product's verdict against the naive evaluator's.
#include <chrono>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/oracle/kernel.h"
#include "tests/oracle/traffic.h"
#include "tests/oracle/trial.h"

namespace {

using namespace ringwall::oracle;

struct Arguments {
    std::uint64_t decisions = 200'000;
    std::uint64_t policies = 500;
    std::uint64_t first_seed = 1;
    std::uint64_t seed = 0; // not 0: this one alone
    bool show = false;
    bool faults = false;
    bool kernel = false;
    bool expiring = false;
    std::uint64_t sockets = 0;
    std::string probe;
};

int report(const Mismatch& mismatch) {
    std::cout << mismatch.text << "\nreplay: --seed " << mismatch.seed << "\n";
    return 1;
}

int compare(const Arguments& arguments) {
    const auto kernel = arguments.kernel ? make_kernel() : nullptr;
    const Expiry expiry = arguments.expiring ? Expiry::some : Expiry::never;
    Trial trial({.kernel = kernel.get(), .expiry = expiry});
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t seed = arguments.seed ? arguments.seed : arguments.first_seed, policies = 0;
    do {
        if (arguments.show)
            std::cout << policy_text(seed, expiry);
        if (const auto mismatch = trial.run(seed++))
            return report(*mismatch);
        ++policies;
    } while (!arguments.seed &&
             (trial.coverage().decisions() < arguments.decisions || policies < arguments.policies));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << fmt::format("{} decisions over {} policies (seeds {} to {}) in {:.1f} s, "
                             "0 mismatches\n{}",
                             trial.coverage().decisions(), policies, seed - policies, seed - 1,
                             took.count(), trial.coverage().text());
    const auto missing = arguments.seed ? std::vector<std::string>{} : trial.coverage().missing();
    for (const auto& sentence : missing)
        std::cout << "not covered: " << sentence << "\n";
    return missing.empty() ? 0 : 1;
}

// How many decisions until the fault shows; each must within the given number.
int find_faults(std::uint64_t most) {
    int missed = 0;
    for (const Fault& fault : faults()) {
        Trial trial({.fault = &fault});
        std::optional<Mismatch> found;
        for (std::uint64_t seed = 1; !found && trial.coverage().decisions() < most; ++seed)
            found = trial.run(seed);
        missed += !found;
        std::cout << fmt::format("{:<48} {}\n", fault.name,
                                 found ? fmt::format("found after {} decisions (seed {})",
                                                     trial.coverage().decisions(), found->seed)
                                       : fmt::format("NOT FOUND in {} decisions", most));
    }
    return missed ? 1 : 0;
}

int real_sockets(const Arguments& arguments) {
    const auto traffic = make_traffic(arguments.probe);
    std::uint64_t seed = arguments.seed ? arguments.seed : arguments.first_seed, policies = 0;
    do {
        if (const auto mismatch = traffic->run(seed++))
            return report(*mismatch);
        ++policies;
    } while (!arguments.seed && traffic->counts().decisions < arguments.sockets);
    const TrafficCounts& counts = traffic->counts();
    std::cout << fmt::format(
        "{} decisions through real sockets over {} policies, {} with an event, "
        "{} refused at once, 0 mismatches\n{}",
        counts.decisions, policies, counts.with_event, counts.refused, traffic->coverage().text());
    return 0;
}

} // namespace

int main(int count, char** values) {
    CLI::App app{"Compares the product's verdicts with the naive evaluator's"};
    Arguments arguments;
    app.add_option("--decisions", arguments.decisions, "at least so many")->capture_default_str();
    app.add_option("--policies", arguments.policies, "at least so many")->capture_default_str();
    app.add_option("--first-seed", arguments.first_seed, "of the first policy")
        ->capture_default_str();
    app.add_option("--seed", arguments.seed, "replay this policy and its flows alone");
    app.add_flag("--show", arguments.show, "print every policy");
    app.add_flag("--kernel", arguments.kernel,
                 "ask the kernel too: real maps, the product's programs by BPF_PROG_TEST_RUN");
    app.add_flag("--expiring", arguments.expiring, "some allow rules expire, or have expired");
    CLI::Option* probe =
        app.add_option("--probe", arguments.probe, "the executable that opens the sockets");
    app.add_option("--sockets", arguments.sockets,
                   "so many decisions through real sockets of real processes instead")
        ->needs(probe);
    app.add_flag("--faults", arguments.faults,
                 "plant each fault in turn; every one must be found within --decisions");
    CLI11_PARSE(app, count, values);
    try {
        if (arguments.sockets)
            return real_sockets(arguments);
        return arguments.faults ? find_faults(arguments.decisions) : compare(arguments);
    } catch (const std::exception& error) {
        std::cerr << "oracle: " << error.what() << "\n";
        return 2;
    }
}
