#include "control/history/findings.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/protocol.h"
#include "control/history/parties.h"
#include "control/model/select.h"

namespace ringwall::history {
namespace {

constexpr std::size_t listed = 5;

// What was seen of the connections that one rule decided.
struct Seen {
    std::uint64_t hits = 0;
    std::size_t edges = 0;
    std::int64_t last_ns = 0;
    std::set<std::pair<std::uint8_t, std::uint16_t>> services;
    std::set<std::string> processes;
    bool unknown_process = false;
    std::set<std::string> sources, destinations; // Side::who, of workloads
};

std::map<std::string, Seen> seen_by_rule(const Comparison& recorded) {
    std::map<std::string, Seen> out;
    for (const auto& edge : recorded.edges) {
        const auto &source = recorded.sides[edge.edge.source],
                   &destination = recorded.sides[edge.edge.destination];
        for (const auto& rule : std::set<std::string>{source.rule, destination.rule}) {
            if (rule.empty())
                continue;
            auto& seen = out[rule];
            seen.hits += edge.numbers.count;
            ++seen.edges;
            seen.last_ns = std::max(seen.last_ns, edge.numbers.last_ns);
            seen.services.emplace(edge.edge.protocol, edge.edge.port);
            if (const auto process = flowmap::shown(destination); !process.empty())
                seen.processes.insert(process);
            else
                seen.unknown_process = true;
            if (source.kind == flowmap::Kind::workloads)
                seen.sources.insert(source.who);
            if (destination.kind == flowmap::Kind::workloads)
                seen.destinations.insert(destination.who);
        }
    }
    return out;
}

std::string list_of(const std::set<std::pair<std::uint8_t, std::uint16_t>>& services) {
    std::vector<std::string> out;
    for (const auto& [protocol, port] : services)
        if (out.size() < listed)
            out.push_back(fmt::format("{}/{}", port, protocol_name(protocol)));
    if (services.size() > listed)
        out.push_back(fmt::format("{} more", services.size() - listed));
    return fmt::format("{}", fmt::join(out, ", "));
}

// How many ports the rule lets pass; 65,536 for all of a protocol.
std::size_t ports_of(const model::Rule& rule, const model::Policy& policy) {
    constexpr std::size_t all = 65'536;
    std::size_t out = 0;
    for (const auto& use : rule.services)
        for (const auto& port : model::ports(use, policy)) {
            const bool icmp = port.protocol == 1 || port.protocol == 58;
            std::size_t here = port.ports.empty() && !icmp ? all : 0;
            for (const auto& range : port.ports)
                here += std::size_t{range.last} - range.first + 1;
            out += here;
        }
    return out;
}

bool names_process(const model::Rule& rule, const model::Policy& policy) {
    return std::ranges::all_of(rule.services, [&](const model::ServiceUse& use) {
        return model::process(use, policy) != nullptr;
    });
}

// Values of a selector that nobody had who was seen.
void add_unseen(const std::vector<model::Selector>& selectors, const std::set<std::string>& seen,
                const char* direction, std::vector<std::string>& out) {
    for (const auto& selector : selectors)
        for (const auto& [key, values] : selector.labels.labels) {
            if (values.size() < 2)
                continue;
            for (const auto& value : values) {
                const bool had = std::ranges::any_of(seen, [&](const std::string& who) {
                    const auto labels = labels_of(who);
                    const auto found = labels.find(key);
                    return found != labels.end() && found->second == value;
                });
                if (!had)
                    out.push_back(fmt::format("no connection {} {} {}; it may not need to be there",
                                              direction, key, value));
            }
        }
}

std::vector<std::string> findings_of(const model::Rule& rule, const model::Policy& policy,
                                     const Seen& seen) {
    std::vector<std::string> out;
    if (rule.action != model::Action::allow)
        return out;
    if (seen.hits == 0 && seen.edges == 0)
        return {"not used in this time; remove it if nothing rare needs it (what agents "
                "send to their controller is not recorded)"};
    if (const auto ports = ports_of(rule, policy); ports > seen.services.size())
        out.push_back(fmt::format("allows {} ports, used {}: {}; name these",
                                  ports >= 65'536 ? "all" : std::to_string(ports),
                                  seen.services.size() == 1 ? "was one" : "were some",
                                  list_of(seen.services)));
    if (!names_process(rule, policy) && seen.processes.size() == 1 && !seen.unknown_process)
        out.push_back(
            fmt::format("served by {} only; name it as the process", *seen.processes.begin()));
    add_unseen(rule.from, seen.sources, "came from", out);
    add_unseen(rule.to, seen.destinations, "went to", out);
    return out;
}

} // namespace

std::vector<RuleUse> rule_uses(const Comparison& recorded) {
    const auto seen = seen_by_rule(recorded);
    static const Seen nothing;
    std::vector<RuleUse> out;
    for (const auto& set : recorded.active.rule_sets)
        for (const auto& rule : set.rules) {
            const auto name = set.name + "/" + rule.name;
            const auto found = seen.find(name);
            const auto& of = found == seen.end() ? nothing : found->second;
            out.push_back({name, rule.action, of.hits, of.edges, of.last_ns,
                           findings_of(rule, recorded.active, of)});
        }
    return out;
}

} // namespace ringwall::history
