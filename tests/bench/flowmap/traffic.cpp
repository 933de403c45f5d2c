#include "tests/bench/flowmap/traffic.h"

#include <array>

#include <fmt/format.h>

namespace ringwall::bench {
namespace {

constexpr std::array roles{"web", "app", "db", "cache", "queue"};
constexpr std::array envs{"prod", "dev"};
constexpr std::size_t sets_per_app = roles.size() * envs.size();
constexpr std::size_t friends = 4; // applications that one calls

std::string packed(std::uint32_t address) {
    return {static_cast<char>(address >> 24), static_cast<char>(address >> 16),
            static_cast<char>(address >> 8), static_cast<char>(address)};
}

} // namespace

Traffic::Traffic(const TrafficSize& size, std::uint64_t seed) : size_(size), dice_(seed) {
    for (std::size_t app = 0; app < size_.apps; ++app)
        for (const char* env : envs)
            for (const char* role : roles)
                labels_.push_back(fmt::format(R"({{"app":"{}","env":"{}","role":"{}"}})",
                                              this->app(app), env, role));
}

std::string Traffic::app(std::size_t number) const {
    return fmt::format("app-{:03}", number);
}

// Workload n has label set n modulo their number.
std::size_t Traffic::workload(std::size_t app, std::size_t env, std::size_t role) {
    const auto set = app * sets_per_app + env * roles.size() + role;
    const auto copies = size_.workloads / labels_.size();
    return set + roll(std::max<std::size_t>(copies, 1)) * labels_.size();
}

const std::string& Traffic::labels(std::size_t workload) const {
    return labels_[workload % labels_.size()];
}

std::string Traffic::address(std::size_t workload) {
    return packed(0x0a000000 + static_cast<std::uint32_t>(workload));
}

flows::Row Traffic::half(bool by_source, const std::string& source, const std::string& destination,
                         const Kind& kind, std::int64_t at_ns) const {
    flows::Row out;
    out.at_ns = at_ns;
    out.received_ns = at_ns + 1'000'000'000;
    auto& summary = out.summary;
    summary.set_first_ns(at_ns);
    summary.set_last_ns(at_ns);
    summary.set_count(1);
    summary.set_verdict(v1::ALLOWED);
    summary.set_reason("allow");
    summary.add_rules("fleet/rule");
    summary.set_direction(by_source ? v1::OUTBOUND : v1::INBOUND);
    summary.set_protocol(kind.port == 53 ? 17 : 6);
    summary.set_port(kind.port);
    summary.set_local(by_source ? source : destination);
    summary.set_peer(by_source ? destination : source);
    summary.mutable_process()->set_path(by_source ? kind.client : kind.server);
    summary.set_bytes_sent(500);
    summary.set_bytes_received(2000);
    return out;
}

void Traffic::add(flows::Row row, std::size_t source, std::size_t destination, std::uint64_t& id,
                  std::vector<flows::Row>& out) const {
    row.labels = {labels(source), labels(destination)};
    row.id = ++id;
    out.push_back(std::move(row));
}

// Of the internet: ever new addresses, blocked.
void Traffic::stranger(std::int64_t at_ns, std::uint64_t& id, std::vector<flows::Row>& out) {
    const auto destination = workload(roll(size_.apps), 0, 0);
    knock(static_cast<std::uint32_t>(0xc6000000 + roll(1 << 24)), destination, at_ns, id, out);
}

void Traffic::scanner(std::uint32_t number, std::int64_t at_ns, std::uint64_t& id,
                      std::vector<flows::Row>& out) const {
    knock(0x0b000000 + number, 0, at_ns, id, out);
}

void Traffic::knock(std::uint32_t source, std::size_t destination, std::int64_t at_ns,
                    std::uint64_t& id, std::vector<flows::Row>& out) const {
    const Kind kind{0, 0, 22, "", "/usr/sbin/sshd"};
    auto row = half(false, packed(source), address(destination), kind, at_ns);
    row.summary.set_verdict(v1::BLOCKED);
    row.summary.clear_rules();
    row.labels = {"{}", labels(destination)};
    row.id = ++id;
    out.push_back(std::move(row));
}

void Traffic::connection(std::int64_t at_ns, std::uint64_t& id, std::vector<flows::Row>& out) {
    static constexpr std::array inside{Kind{0, 1, 8080, "/usr/sbin/nginx", "/usr/bin/java"},
                                       Kind{1, 2, 5432, "/usr/bin/java", "/usr/lib/postgresql"},
                                       Kind{1, 3, 6379, "/usr/bin/java", "/usr/bin/redis-server"},
                                       Kind{1, 4, 5672, "/usr/bin/java", "/usr/bin/beam.smp"}};
    static constexpr Kind across{1, 0, 443, "/usr/bin/java", "/usr/sbin/nginx"},
        names{0, 1, 53, "/usr/bin/java", "/usr/sbin/named"};
    const auto chosen = roll(20);
    if (chosen == 0)
        return stranger(at_ns, id, out);
    const auto app = roll(size_.apps), env = roll(envs.size());
    const Kind& kind = chosen < 13 ? inside[roll(inside.size())] : chosen < 17 ? across : names;
    const auto other = &kind == &across  ? (app + 1 + roll(friends)) % size_.apps
                       : &kind == &names ? 0
                                         : app;
    const auto source = workload(app, env, &kind == &names ? roll(roles.size()) : kind.from_role);
    const auto destination = workload(other, env, kind.to_role);
    for (const bool by_source : {true, false})
        add(half(by_source, address(source), address(destination), kind, at_ns), source,
            destination, id, out);
}

} // namespace ringwall::bench
