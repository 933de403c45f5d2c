#include "tests/oracle/coverage.h"

#include <fmt/format.h>

namespace ringwall::oracle {
namespace {

const std::map<std::string, std::vector<std::string>> expected{
    {"mode", {"idle", "visibility", "selective", "full"}},
    {"verdict", {"idle", "allowed", "would-block", "unmatched", "blocked"}},
    {"action", {"allow", "deny", "override-deny"}},
    {"direction", {"outbound", "inbound"}},
    {"protocol", {"tcp", "udp", "icmp", "icmpv6", "sctp", "udp-lite", "other", "fragment"}},
    {"family", {"IPv4", "IPv6"}},
    {"process part", {"path", "name", "unit", "container", "user", "group", "sha256"}},
    {"process", {"unresolved part judged"}},
    {"peer form", {"labels", "group", "not", "workload", "list", "any", "all"}},
    {"scope",
     {"intra, no scope", "intra, one scope", "intra, several scopes", "extra, no scope",
      "extra, one scope", "extra, several scopes"}},
    {"subject", {"host", "cgroup in a host"}},
    {"outcome", {"pass", "block"}},
};

std::string protocol_class(const Flow& flow) {
    switch (flow.protocol) {
    case 6:
        return "tcp";
    case 17:
        return "udp";
    case 1:
        return "icmp";
    case 58:
        return "icmpv6";
    case 132:
        return "sctp";
    case 136:
        return "udp-lite";
    default:
        return "other";
    }
}

} // namespace

void Coverage::add(const model::Workload& subject, const Flow& flow, const Decision& decision) {
    ++decisions_;
    count("mode", model::name(subject.mode));
    count("verdict", name(decision.verdict));
    count("direction", name(flow.direction));
    count("protocol", protocol_class(flow));
    if (flow.fragment)
        count("protocol", "fragment");
    count("family", flow.peer.is_v4() ? "IPv4" : "IPv6");
    count("subject", subject.cgroup.empty() ? "host" : "cgroup in a host");
    count("outcome", passes(decision.verdict) ? "pass" : "block");
    if (decision.action) {
        count("action", decision.touched.action);
        count("scope", decision.touched.scope);
    }
    for (const std::string& part : decision.touched.parts)
        count("process part", part);
    for (const std::string& form : decision.touched.forms)
        count("peer form", form);
    if (decision.touched.unresolved)
        count("process", "unresolved part judged");
}

std::vector<std::string> Coverage::missing() const {
    std::vector<std::string> out;
    for (const auto& [group, kinds] : expected)
        for (const std::string& kind : kinds) {
            const std::uint64_t floor = group == "outcome" ? 20 : 1;
            const auto found = counts_.find(group);
            const auto seen =
                found != counts_.end() && found->second.contains(kind) ? found->second.at(kind) : 0;
            if (seen * 100 < decisions_ * floor)
                out.push_back(fmt::format("{} \"{}\" in {} of {} decisions, at least {} % wanted",
                                          group, kind, seen, decisions_, floor));
        }
    return out;
}

std::string Coverage::text() const {
    std::string out;
    for (const auto& [group, kinds] : counts_) {
        out += fmt::format("  {:<13}", group + ":");
        for (const auto& [kind, seen] : kinds)
            out += fmt::format(" {} {:.1f} %,", kind,
                               100.0 * static_cast<double>(seen) / static_cast<double>(decisions_));
        out.back() = '\n';
    }
    return out;
}

} // namespace ringwall::oracle
