#include "tests/bench/compute/estate.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ringwall::bench {
namespace {

constexpr std::array roles{"web", "app", "db", "cache", "queue"};
constexpr std::array envs{"prod", "dev"};
constexpr std::size_t sets_per_app = roles.size() * envs.size();
constexpr std::size_t rules_per_set = 10;

model::Selector with_role(const std::string& role) {
    model::Selector out;
    out.labels.labels["role"] = {role};
    return out;
}

model::ServiceUse tcp(std::uint16_t port) {
    model::ServiceUse out;
    out.port.protocol = 6;
    out.port.ports = {{port, port}};
    return out;
}

} // namespace

Estate::Estate(const Size& size) : size_(size) {
    model::AddressList office;
    office.name = "office";
    office.ranges = {{Address::v4(0xac100000), Address::v4(0xac1fffff)}};
    policy_.lists = {office};
    add_workloads();
    add_rules();
}

model::Labels Estate::labels(std::size_t n) const {
    const std::size_t app = n / sets_per_app;
    return {{"role", roles[n % roles.size()]},
            {"env", envs[n / roles.size() % envs.size()]},
            {"app", fmt::format("app-{}", app)},
            {"loc", fmt::format("loc-{}", app % 8)}};
}

void Estate::add_workloads() {
    policy_.workloads.resize(size_.workloads);
    for (std::size_t i = 0; i < size_.workloads; ++i) {
        model::Workload& workload = policy_.workloads[i];
        workload.name = fmt::format("host-{:06}", i);
        workload.labels = labels(i % size_.label_sets);
        workload.addresses = {Address::v4(0x0a000000 + static_cast<std::uint32_t>(i))};
        workload.managed = i % 50 != 49; // a few without agent
        workload.mode = model::Mode::full;
    }
}

// Nine of ten inside one application; the tenth lets an application's web be reached from the
// roles of another, or from the office.
model::Rule Estate::rule(std::size_t number, bool extra) {
    model::Rule out;
    out.name = fmt::format("rule-{}", number);
    out.action = roll(20) == 0 ? model::Action::deny : model::Action::allow;
    out.to = {with_role(extra ? "web" : roles[roll(roles.size())])};
    out.services = {tcp(static_cast<std::uint16_t>(1024 + roll(4096)))};
    out.scope = extra ? model::RuleScope::extra : model::RuleScope::intra;
    if (extra && roll(2) == 0) {
        model::Selector office;
        office.form = model::Selector::Form::list;
        office.name = "office";
        out.from = {office};
        return out;
    }
    out.from = {with_role(roles[roll(roles.size())])};
    if (extra)
        out.from[0].labels.labels["loc"] = {fmt::format("loc-{}", roll(8))};
    return out;
}

void Estate::add_rules() {
    const std::size_t apps = std::max<std::size_t>(1, size_.label_sets / sets_per_app);
    for (std::size_t done = 0; done < size_.rules;) {
        model::RuleSet& set = policy_.rule_sets.emplace_back();
        const std::size_t app = policy_.rule_sets.size() % apps;
        set.name = fmt::format("set-{}", policy_.rule_sets.size());
        for (const char* env : envs)
            set.scopes.push_back({{"app", fmt::format("app-{}", app)}, {"env", env}});
        for (std::size_t i = 0; i < rules_per_set && done < size_.rules; ++i, ++done)
            set.rules.push_back(rule(i, i + 1 == rules_per_set));
    }
    // What every organisation has: everybody may ask for the time at one place.
    model::RuleSet& time = policy_.rule_sets.emplace_back();
    time.name = "time";
    time.rules = {rule(0, false)};
    time.rules[0].action = model::Action::allow;
    time.rules[0].from[0] = {};
    time.rules[0].from[0].form = model::Selector::Form::all;
    time.rules[0].to[0] = with_role("cache");
    time.rules[0].to[0].labels.labels["app"] = {"app-0"};
}

} // namespace ringwall::bench
