#include <ctime>
#include <map>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/enforcer.h"

namespace ringwall::agent {
namespace {

std::string labels_in_words(const v1::Identity& identity) {
    if (!identity.workload().empty())
        return "workload " + identity.workload();
    const std::map<std::string, std::string> sorted(identity.labels().begin(),
                                                    identity.labels().end());
    std::vector<std::string> out;
    for (const auto& [key, value] : sorted)
        out.push_back(key + "=" + value);
    return out.empty() ? "no labels" : fmt::format("{}", fmt::join(out, " "));
}

std::string peers_in_words(const v1::Peers& peers,
                           const std::map<std::uint32_t, const v1::Identity*>& identities) {
    std::vector<std::string> out;
    if (peers.any())
        out.emplace_back("any address");
    if (peers.all_workloads())
        out.emplace_back("all workloads");
    for (const std::uint32_t id : peers.identities()) {
        const auto found = identities.find(id);
        out.push_back(found == identities.end() ? fmt::format("identity {}", id)
                                                : labels_in_words(*found->second));
    }
    for (const std::string& list : peers.lists())
        out.push_back("list " + list);
    return fmt::format("{}", fmt::join(out, ", "));
}

std::string protocol_in_words(const v1::Service& service) {
    if (service.any_protocol())
        return "any protocol";
    switch (service.protocol()) {
    case 1:
        return "icmp";
    case 6:
        return "tcp";
    case 17:
        return "udp";
    case 58:
        return "icmpv6";
    case 132:
        return "sctp";
    case 136:
        return "udplite";
    default:
        return fmt::format("protocol {}", service.protocol());
    }
}

std::string process_in_words(const v1::Process& process) {
    std::vector<std::string> out;
    for (const auto& [what, value] :
         {std::pair("path", &process.path()), std::pair("name", &process.name()),
          std::pair("unit", &process.unit()), std::pair("container", &process.container()),
          std::pair("user", &process.user()), std::pair("group", &process.group()),
          std::pair("sha256", &process.sha256())})
        if (!value->empty())
            out.push_back(fmt::format("{} {}", what, *value));
    return fmt::format("{}", fmt::join(out, " and "));
}

std::string service_in_words(const v1::Service& service) {
    std::string out = protocol_in_words(service);
    std::vector<std::string> parts;
    for (const auto& range : service.ports())
        parts.push_back(range.first() == range.last()
                            ? fmt::format("{}", range.first())
                            : fmt::format("{}-{}", range.first(), range.last()));
    for (const auto& icmp : service.icmp())
        parts.push_back(icmp.code() < 0 ? fmt::format("type {}", icmp.type())
                                        : fmt::format("type {} code {}", icmp.type(), icmp.code()));
    if (!parts.empty())
        out += fmt::format(" {}", fmt::join(parts, ","));
    if (service.has_process())
        out += " as " + process_in_words(service.process());
    return out;
}

std::string end_in_words(const v1::Rule& rule) {
    if (rule.ends_ns() == 0)
        return {};
    const auto seconds = static_cast<std::time_t>(rule.ends_ns() / 1'000'000'000);
    return fmt::format(" until {:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

const char* action_in_words(v1::Action action) {
    switch (action) {
    case v1::ALLOW:
        return "allow";
    case v1::DENY:
        return "deny";
    case v1::OVERRIDE_DENY:
        return "override-deny";
    default:
        return "unknown action";
    }
}

} // namespace

std::vector<std::string> rules_in_words(const v1::Snapshot& snapshot, const v1::Subject& subject) {
    std::map<std::uint32_t, const v1::Identity*> identities;
    for (const v1::Identity& identity : snapshot.inventory().identities())
        identities.emplace(identity.id(), &identity);
    std::vector<std::string> out;
    for (const v1::Rule& rule : subject.rules()) {
        std::vector<std::string> services;
        for (const v1::Service& service : rule.services())
            services.push_back(service_in_words(service));
        const bool inbound = rule.direction() == v1::INBOUND;
        const std::string peers = peers_in_words(rule.peers(), identities);
        out.push_back(fmt::format("{} {} {} {} on {}{} ({})", action_in_words(rule.action()),
                                  inbound ? "in" : "out", inbound ? "from" : "to", peers,
                                  fmt::join(services, "; "), end_in_words(rule), rule.id()));
    }
    return out;
}

} // namespace ringwall::agent
