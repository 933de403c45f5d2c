#include "control/alerts/flow_event.h"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "common/address_bytes.h"
#include "control/flows/row.h"

namespace ringwall::alerts {
namespace {

std::string role_of(const std::string& labels) {
    boost::system::error_code error;
    const auto value = boost::json::parse(labels, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* role = object ? object->if_contains("role") : nullptr;
    const auto* text = role ? role->if_string() : nullptr;
    return text ? std::string(*text) : std::string();
}

std::string address_text(const std::string& bytes) {
    const auto address = address_from_bytes(bytes);
    return address ? address->text() : "an unknown address";
}

std::string process_text(const v1::FlowSummary& summary) {
    const auto& process = summary.process();
    for (const auto& text : {process.path(), process.name(), process.unit(), process.container()})
        if (!text.empty())
            return text;
    return {};
}

std::string service_text(std::uint32_t protocol, std::uint32_t port) {
    switch (protocol) {
    case 6:
        return fmt::format("tcp {}", port);
    case 17:
        return fmt::format("udp {}", port);
    case 1:
        return fmt::format("icmp type {} code {}", port >> 8, port & 0xff);
    case 58:
        return fmt::format("icmpv6 type {} code {}", port >> 8, port & 0xff);
    default:
        return fmt::format("protocol {}", protocol);
    }
}

std::string lists_of(const v1::FlowSummary& summary) {
    std::string out;
    for (const auto& list : summary.peer_lists())
        out += (out.empty() ? "" : ", ") + list;
    return out;
}

// One end: how it is called in a sentence, and what it is folded by.
struct End {
    std::string name, group;
    std::string text() const { return group.empty() ? name : fmt::format("{} ({})", name, group); }
    std::string key() const { return group.empty() ? "unknown" : group; }
};

struct Ends {
    End source, destination;
};

Ends ends_of(const flows::Row& row, bool outward, const std::string& process) {
    const auto& summary = row.summary;
    const auto& labels = row.labels;
    End local{summary.subject(), role_of(outward ? labels.source : labels.destination)};
    End peer{address_text(summary.peer()), role_of(outward ? labels.destination : labels.source)};
    if (!process.empty())
        local.name = fmt::format("{} on {}", process, local.name);
    if (peer.group.empty())
        peer.group = lists_of(summary);
    return outward ? Ends{local, peer} : Ends{peer, local};
}

} // namespace

std::optional<Event> flow_event(const flows::Row& row) {
    const auto& summary = row.summary;
    const bool blocked = summary.verdict() == v1::BLOCKED;
    if (!blocked && summary.verdict() != v1::WOULD_BLOCK)
        return std::nullopt;
    const bool outward = summary.direction() != v1::INBOUND;
    const auto process = process_text(summary);
    const auto service = service_text(summary.protocol(), summary.port());
    const auto [source, destination] = ends_of(row, outward, process);
    Event event{.kind = blocked ? Kind::blocked : Kind::would_block_new, .at_ns = row.at_ns};
    event.key = fmt::format("{}\n{}\n{}\n{}\n{}", source.key(), destination.key(), service,
                            outward ? "out" : "in", process);
    event.sentence = fmt::format("{} {} kept from {}, {}: {}", source.text(),
                                 blocked ? "was" : "would be", destination.text(), service,
                                 summary.reason().empty() ? "no reason given" : summary.reason());
    event.fields = {{"agent", row.agent},
                    {"workload", summary.subject()},
                    {"direction", outward ? "outbound" : "inbound"},
                    {"local", address_text(summary.local())},
                    {"peer", address_text(summary.peer())},
                    {"source", source.key()},
                    {"destination", destination.key()},
                    {"service", service},
                    {"process", process},
                    {"rule", summary.rules().empty() ? "" : summary.rules(0)},
                    {"policy_version", std::to_string(summary.policy_version())}};
    return event;
}

} // namespace ringwall::alerts
