#include "agent/why.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/flow_text.h"
#include "agent/flows.h"
#include "common/address_bytes.h"
#include "common/protocol.h"

namespace ringwall::agent {
namespace {

// What the snapshot says about one address.
struct Peer {
    std::vector<std::uint32_t> identities;
    Labels labels; // of the first
    std::set<std::string> lists;
    std::vector<std::string> workloads;
};

bool inside(const v1::AddressList& list, const Address& address) {
    const auto covers = [&](const std::string& text) {
        const auto prefix = Prefix::parse(text);
        return prefix && prefix->contains(address);
    };
    return std::ranges::any_of(list.prefixes(), covers) &&
           std::ranges::none_of(list.exclude(), covers);
}

Peer look_up(const v1::Snapshot& snapshot, const Address& address) {
    Peer peer;
    const auto host = snapshot.policy().subjects_size() ? snapshot.policy().subjects(0).workload()
                                                        : std::string{};
    const auto bytes = address_bytes(address);
    for (const auto& owner : snapshot.inventory().addresses()) {
        if (owner.address() != bytes || (!owner.host().empty() && owner.host() != host))
            continue;
        peer.workloads.assign(owner.workloads().begin(), owner.workloads().end());
        peer.identities.assign(owner.identities().begin(), owner.identities().end());
        for (const auto& identity : snapshot.inventory().identities())
            if (!peer.identities.empty() && identity.id() == peer.identities.front())
                peer.labels = {identity.labels().begin(), identity.labels().end()};
    }
    for (const auto& list : snapshot.policy().lists())
        if (inside(list, address))
            peer.lists.insert(list.name());
    return peer;
}

// `identity` 0: the address belongs to nobody.
bool names(const v1::Peers& peers, const Peer& peer, std::uint32_t identity) {
    if (peers.any() || (peers.all_workloads() && identity != 0))
        return true;
    if (identity != 0 &&
        std::ranges::find(peers.identities(), identity) != peers.identities().end())
        return true;
    return std::ranges::any_of(peers.lists(),
                               [&](const auto& list) { return peer.lists.contains(list); });
}

bool service_covers(const v1::Service& service, const Tuple& tuple) {
    if (service.any_protocol())
        return true;
    if (service.protocol() != tuple.protocol)
        return false;
    if (tuple.protocol == 1 || tuple.protocol == 58)
        return service.icmp().empty() ||
               std::ranges::any_of(service.icmp(), [&](const v1::IcmpType& icmp) {
                   return icmp.type() == tuple.port >> 8 && !tuple.any_port &&
                          (icmp.code() < 0 || icmp.code() == (tuple.port & 0xff));
               });
    return service.ports().empty() ||
           std::ranges::any_of(service.ports(), [&](const v1::PortRange& range) {
               return range.last() == 65535 && range.first() <= 1
                          ? true
                          : !tuple.any_port && range.first() <= tuple.port &&
                                tuple.port <= range.last();
           });
}

enum class Holds { no, maybe, yes };

Holds part(const std::string& wanted, const std::string& fact) {
    if (wanted.empty())
        return Holds::yes;
    if (fact.empty())
        return Holds::maybe;
    return wanted == fact ? Holds::yes : Holds::no;
}

std::string full_unit(const std::string& unit) {
    return unit.empty() || unit.starts_with('/') ? unit : "/system.slice/" + unit;
}

Holds process_holds(const v1::Process& wanted, const ProcessFacts& fact) {
    const auto unit = part(full_unit(wanted.unit()), full_unit(fact.unit));
    // A test host's unit lives elsewhere: its own name is as good.
    const bool same_name = !wanted.unit().empty() && wanted.unit() == unit_name(fact.unit);
    return std::min({part(wanted.path(), fact.path),
                     part(wanted.name(), fact.path.substr(fact.path.rfind('/') + 1)),
                     same_name ? Holds::yes : unit, part(wanted.container(), fact.container),
                     part(wanted.user(), fact.user), part(wanted.group(), fact.group),
                     part(wanted.sha256(), fact.sha256)});
}

std::string words(const v1::Process& process) {
    std::vector<std::string> out;
    const std::pair<const char*, const std::string&> parts[]{
        {"path", process.path()},           {"name", process.name()}, {"unit", process.unit()},
        {"container", process.container()}, {"user", process.user()}, {"group", process.group()},
        {"sha256", process.sha256()}};
    for (const auto& [name, value] : parts)
        if (!value.empty())
            out.push_back(fmt::format("{} {}", name, value));
    return fmt::format("{}", fmt::join(out, ", "));
}

std::string words(const v1::Service& service) {
    if (service.any_protocol())
        return "any protocol";
    std::vector<std::string> ports;
    for (const auto& range : service.ports())
        ports.push_back(range.first() == range.last()
                            ? std::to_string(range.first())
                            : fmt::format("{}-{}", range.first(), range.last()));
    for (const auto& icmp : service.icmp())
        ports.push_back(fmt::format("type {}", icmp.type()));
    return fmt::format("{} {}", protocol_name(static_cast<std::uint8_t>(service.protocol())),
                       ports.empty() ? std::string("all")
                                     : fmt::format("{}", fmt::join(ports, ",")));
}

// The best any service of the rule does for this flow, and what is missing.
struct Fit {
    Holds holds = Holds::no;
    std::string missing;
};

Fit fit(const v1::Rule& rule, const Tuple& tuple, const ProcessFacts& process) {
    Fit best;
    std::vector<std::string> services;
    for (const auto& service : rule.services()) {
        services.push_back(words(service));
        if (!service_covers(service, tuple))
            continue;
        const auto holds =
            service.has_process() ? process_holds(service.process(), process) : Holds::yes;
        if (best.missing.empty() || holds > best.holds)
            best = {holds, fmt::format("needs the process {}", words(service.process()))};
    }
    if (best.missing.empty())
        best.missing = fmt::format("is for {}", fmt::join(services, "; "));
    return best;
}

struct Matches {
    std::map<v1::Action, std::vector<std::string>> by_action;
    std::set<std::size_t> allowed; // identities of the peer that some allow covers
};

void collect(const v1::Rule& rule, const Peer& peer, const Fit& fit, Matches& matches) {
    // Allow needs certainty, deny takes a possibility.
    if (fit.holds == Holds::no || (rule.action() == v1::ALLOW && fit.holds == Holds::maybe))
        return;
    bool matched = false;
    const auto claims = std::max<std::size_t>(peer.identities.size(), 1);
    for (std::size_t i = 0; i < claims; ++i) {
        if (!names(rule.peers(), peer, i < peer.identities.size() ? peer.identities[i] : 0))
            continue;
        matched = true;
        if (rule.action() == v1::ALLOW)
            matches.allowed.insert(i);
    }
    if (matched)
        matches.by_action[rule.action()].push_back(rule.id());
}

bool names_any(const v1::Rule& rule, const Peer& peer) {
    if (peer.identities.empty())
        return names(rule.peers(), peer, 0);
    return std::ranges::any_of(peer.identities,
                               [&](std::uint32_t id) { return names(rule.peers(), peer, id); });
}

std::string verdict_for(v1::Mode mode, v1::Action action, bool matched) {
    if (mode == v1::IDLE)
        return "not judged";
    if (matched && action == v1::ALLOW)
        return "allowed";
    if (mode == v1::VISIBILITY)
        return "would-block";
    return matched || mode == v1::FULL ? "blocked" : "unmatched";
}

std::string mode_name(v1::Mode mode) {
    switch (mode) {
    case v1::IDLE:
        return "idle";
    case v1::VISIBILITY:
        return "visibility";
    case v1::SELECTIVE:
        return "selective";
    case v1::FULL:
        return "full";
    default:
        return "unspecified";
    }
}

void decide(Judgement& out, v1::Mode mode, const Peer& peer, const Matches& matches) {
    const auto claims = std::max<std::size_t>(peer.identities.size(), 1);
    for (auto action : {v1::OVERRIDE_DENY, v1::ALLOW, v1::DENY}) {
        auto found = matches.by_action.find(action);
        if (found == matches.by_action.end())
            continue;
        if (action == v1::ALLOW && matches.allowed.size() < claims) {
            out.near.emplace_back("several workloads claim this address and the allow rules do not "
                                  "cover each of them");
            continue;
        }
        if (out.rules.empty()) {
            out.verdict = verdict_for(mode, action, true);
            out.reason = fmt::format("rule {} {} it", found->second.front(),
                                     action == v1::ALLOW  ? "allows"
                                     : action == v1::DENY ? "denies"
                                                          : "denies (override)");
        }
        out.rules.insert(out.rules.end(), found->second.begin(), found->second.end());
    }
    if (!out.rules.empty())
        return;
    out.verdict = verdict_for(mode, v1::DENY, false);
    out.reason = mode == v1::IDLE ? "the workload is idle: nothing is judged"
                                  : fmt::format("no rule matches; {} mode then says {}",
                                                mode_name(mode), out.verdict);
}

std::string peer_words(const Peer& peer, const Address& address) {
    Party party;
    party.labels = peer.labels;
    party.lists.assign(peer.lists.begin(), peer.lists.end());
    const auto about = context(party);
    return fmt::format("{}{}{}", address.text(),
                       peer.workloads.empty() ? ""
                                              : fmt::format(" {}", fmt::join(peer.workloads, ", ")),
                       about.empty() ? " (unknown)" : " (" + about + ")");
}

} // namespace

Judgement judge(const v1::Snapshot& snapshot, const v1::Subject& subject, bool inbound,
                const Tuple& tuple, const ProcessFacts& process) {
    const auto peer = look_up(snapshot, tuple.peer);
    Judgement out;
    out.workload = subject.workload();
    out.inbound = inbound;
    out.peer = peer_words(peer, tuple.peer);
    out.mode = mode_name(subject.mode());
    Matches matches;
    for (const auto& rule : subject.rules()) {
        if ((rule.direction() == v1::INBOUND) != inbound || !names_any(rule, peer))
            continue;
        const auto how = fit(rule, tuple, process);
        collect(rule, peer, how, matches);
        out.unsure |= how.holds == Holds::maybe && rule.action() == v1::ALLOW;
        if (how.holds == Holds::no || (how.holds == Holds::maybe && rule.action() == v1::ALLOW))
            out.near.push_back(fmt::format("{} names this peer but {}{}", rule.id(), how.missing,
                                           how.holds == Holds::maybe ? " (not known here)" : ""));
    }
    decide(out, subject.mode(), peer, matches);
    return out;
}

std::expected<Address, ApiError> resolve(const v1::Snapshot& snapshot, const std::string& who) {
    if (const auto address = Address::parse(who))
        return *address;
    for (const auto& subject : snapshot.policy().subjects())
        if (subject.workload() == who && subject.addresses_size())
            if (const auto address = address_from_bytes(subject.addresses(0)))
                return *address;
    for (const auto& owner : snapshot.inventory().addresses())
        if (std::ranges::find(owner.workloads(), who) != owner.workloads().end())
            if (const auto address = address_from_bytes(owner.address()))
                return *address;
    return std::unexpected(ApiError{
        ApiErrc::not_found,
        fmt::format("'{}' is neither an address nor a workload with an address in this policy",
                    who)});
}

const v1::Subject* subject_of(const v1::Snapshot& snapshot, const std::string& who) {
    const auto address = Address::parse(who);
    for (const auto& subject : snapshot.policy().subjects()) {
        const bool owns =
            address && std::ranges::find(subject.addresses(), address_bytes(*address)) !=
                           subject.addresses().end();
        if (subject.workload() == who || owns)
            return &subject;
    }
    return nullptr;
}

std::expected<std::vector<Judgement>, ApiError> why(const v1::Snapshot& snapshot,
                                                    const WhyQuery& query) {
    const ProcessFacts process{query.path, query.unit,  query.container,
                               query.user, query.group, query.sha256};
    std::vector<Judgement> out;
    for (const bool inbound : {false, true}) {
        const auto* subject = subject_of(snapshot, inbound ? query.to : query.from);
        if (!subject)
            continue;
        auto peer = resolve(snapshot, inbound ? query.from : query.to);
        if (!peer)
            return std::unexpected(peer.error());
        out.push_back(judge(snapshot, *subject, inbound,
                            {*peer, query.protocol, query.port, query.any_port}, process));
    }
    if (out.empty())
        return std::unexpected(ApiError{
            ApiErrc::not_found,
            fmt::format("neither '{}' nor '{}' is enforced here: name a workload of this host, or "
                        "give --policy to judge both ends offline",
                        query.from, query.to)});
    return out;
}

boost::json::object to_json(const Judgement& judgement) {
    const auto array = [](const std::vector<std::string>& list) {
        return boost::json::array(list.begin(), list.end());
    };
    return {{"workload", judgement.workload},
            {"direction", judgement.inbound ? "inbound" : "outbound"},
            {"peer", judgement.peer},
            {"mode", judgement.mode},
            {"verdict", judgement.verdict},
            {"reason", judgement.reason},
            {"rules", array(judgement.rules)},
            {"near", array(judgement.near)}};
}

} // namespace ringwall::agent
