#include "control/flowmap/ends.h"

#include <algorithm>
#include <vector>

#include <boost/json/serialize.hpp>

namespace ringwall::flowmap {
namespace {

constexpr std::string_view no_labels = "{}";

// Private, shared, of the link or for groups: addresses that mean something here only.
bool is_of_the_internet(const Address& address) {
    static const std::vector<Prefix> others = [] {
        std::vector<Prefix> out;
        for (const auto* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                 "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
                                 "0.0.0.0/8", "fc00::/7", "fe80::/10", "ff00::/8", "::1", "::"})
            out.push_back(*Prefix::parse(text));
        return out;
    }();
    return std::ranges::none_of(others,
                                [&](const Prefix& other) { return other.contains(address); });
}

std::string network_of(Address address) {
    const bool v4 = address.is_v4();
    std::fill(address.bytes.begin() + (v4 ? 15 : 8), address.bytes.end(), 0);
    return Prefix{address, static_cast<std::uint8_t>(v4 ? 24 : 64)}.text();
}

// A scope is a session's or a container's, with a number of its own: as edges of months they would
// be as many as there were sessions. Then what is around it counts.
std::string lasting(std::string unit) {
    while (unit.ends_with(".scope")) {
        const auto slash = unit.rfind('/');
        unit.resize(slash == std::string::npos ? 0 : slash);
    }
    return unit;
}

} // namespace

std::string text_of(const std::map<std::string, std::string>& labels) {
    boost::json::object out;
    for (const auto& [key, value] : labels)
        out[key] = value;
    return boost::json::serialize(out);
}

Side own_side(const v1::FlowSummary& summary, const std::string& labels) {
    const auto& process = summary.process();
    const bool told = summary.verdict() != v1::FLOW_VERDICT_UNSPECIFIED;
    return {.kind = Kind::workloads,
            .who = labels,
            .process = process.path(),
            .unit = process.container().empty() ? lasting(process.unit()) : std::string{},
            .container = process.container(),
            .user = process.user(),
            .verdict = told ? summary.verdict() : v1::UNMATCHED,
            .rule = summary.rules().empty() ? std::string{} : summary.rules(0),
            .reason = summary.reason()};
}

Side other_side(const v1::FlowSummary& summary, const std::string& labels, const Address& address) {
    Side out;
    if (labels != no_labels) {
        out.kind = Kind::workloads;
        out.who = labels;
    } else if (!summary.peer_lists().empty()) {
        out.kind = Kind::list;
        out.who = summary.peer_lists(0);
    } else if (!is_of_the_internet(address)) {
        out.kind = Kind::network;
        out.who = network_of(address);
    }
    return out;
}

} // namespace ringwall::flowmap
