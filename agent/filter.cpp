#include "agent/filter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "agent/flow_text.h"
#include "common/protocol.h"

namespace ringwall::agent {
namespace {

template <typename T, typename U>
bool wanted(const std::vector<T>& list, const U& value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
}

bool carries(const Party& party, const std::vector<FlowFilter::Pair>& labels) {
    return std::ranges::all_of(labels, [&](const auto& label) {
        auto found = party.labels.find(label.first);
        return found != party.labels.end() && found->second == label.second;
    });
}

bool touches(const Flow& flow, const std::vector<Prefix>& prefixes) {
    return prefixes.empty() || std::ranges::any_of(prefixes, [&](const Prefix& prefix) {
               return prefix.contains(flow.event.local) || prefix.contains(flow.event.peer);
           });
}

bool runs(const Flow& flow, const std::vector<std::string>& processes) {
    if (processes.empty())
        return true;
    const auto& p = *flow.program;
    const std::array<std::string, 6> names{
        shown(p), p.path, p.path.substr(p.path.rfind('/') + 1), p.unit, p.service, p.container};
    return std::ranges::any_of(
        processes, [&](const auto& wish) { return std::ranges::find(names, wish) != names.end(); });
}

bool decided_by(const Flow& flow, const std::vector<std::string>& rules) {
    return rules.empty() || std::ranges::any_of(rules, [&](const auto& rule) {
               return std::ranges::find(flow.decision->rules, rule) != flow.decision->rules.end();
           });
}

using Text = std::string_view;
FilterError bad(Text field, Text value, Text wanted_form) {
    return {FilterErrc::bad_value,
            fmt::format("'{}' is not a valid {}: write {}", value, field, wanted_form)};
}

// Each reads one value into the filter; false: not valid.
bool read_label(std::vector<FlowFilter::Pair>& out, Text text) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
        return false;
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    return true;
}

bool read_address(std::vector<Prefix>& out, Text text) {
    auto prefix = Prefix::parse(text);
    if (prefix)
        out.push_back(*prefix);
    return prefix.has_value();
}

bool read_port(std::vector<std::uint16_t>& out, Text text) {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    out.push_back(port);
    return error == std::errc{} && stop == text.data() + text.size() && port != 0;
}

bool read_protocol(std::vector<std::uint8_t>& out, Text text) {
    std::uint8_t protocol = 0;
    const bool good = parse_protocol(text, protocol);
    out.push_back(protocol);
    return good;
}

template <typename Enum, std::size_t N>
bool read_word(std::vector<Enum>& out, Text text, const std::array<Enum, N>& all,
               const char* (*name)(Enum)) {
    for (auto value : all)
        if (text == name(value)) {
            out.push_back(value);
            return true;
        }
    return false;
}

constexpr std::array verdicts{loader::Verdict::allowed, loader::Verdict::would_block,
                              loader::Verdict::unmatched, loader::Verdict::blocked};
constexpr std::array directions{loader::Direction::outbound, loader::Direction::inbound};
constexpr std::array kinds{loader::EventKind::start, loader::EventKind::update,
                           loader::EventKind::end, loader::EventKind::deny};

bool read_since(std::int64_t& out, Text text) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool good = error == std::errc{} && stop == text.data() + text.size() && out >= 0 &&
                      out < 9'000'000'000;
    out *= good ? 1'000'000'000 : 0;
    return good;
}

struct Field {
    Text name;
    Text form; // what a valid value looks like
    bool (*read)(FlowFilter&, Text);
};

bool keep(std::vector<std::string>& out, Text text) {
    out.emplace_back(text);
    return !text.empty();
}

constexpr std::array<Field, 14> fields{{
    {"label", "KEY=VALUE", [](FlowFilter& f, Text t) { return read_label(f.labels, t); }},
    {"from_label", "KEY=VALUE", [](FlowFilter& f, Text t) { return read_label(f.from_labels, t); }},
    {"to_label", "KEY=VALUE", [](FlowFilter& f, Text t) { return read_label(f.to_labels, t); }},
    {"address", "an address or a CIDR such as 10.0.0.0/8",
     [](FlowFilter& f, Text t) { return read_address(f.addresses, t); }},
    {"port", "a number from 1 to 65535",
     [](FlowFilter& f, Text t) { return read_port(f.ports, t); }},
    {"protocol", "tcp, udp, icmp, icmpv6, sctp, udplite or a number",
     [](FlowFilter& f, Text t) { return read_protocol(f.protocols, t); }},
    {"process", "a unit, container, program path or name",
     [](FlowFilter& f, Text t) { return keep(f.processes, t); }},
    {"verdict", "allowed, would-block, unmatched or blocked",
     [](FlowFilter& f, Text t) { return read_word(f.verdicts, t, verdicts, verdict_name); }},
    {"direction", "outbound or inbound",
     [](FlowFilter& f, Text t) { return read_word(f.directions, t, directions, direction_name); }},
    {"user", "a user name or number", [](FlowFilter& f, Text t) { return keep(f.users, t); }},
    {"rule", "RULESET/RULE", [](FlowFilter& f, Text t) { return keep(f.rules, t); }},
    {"workload", "a workload's name", [](FlowFilter& f, Text t) { return keep(f.workloads, t); }},
    {"kind", "start, update, end or deny",
     [](FlowFilter& f, Text t) { return read_word(f.kinds, t, kinds, kind_name); }},
    {"since", "seconds since 1970",
     [](FlowFilter& f, Text t) { return read_since(f.since_ns, t); }},
}};

std::optional<std::string> scalar(const boost::json::value& value) {
    if (value.is_string())
        return std::string(value.get_string());
    if (value.is_int64())
        return std::to_string(value.get_int64());
    if (value.is_uint64())
        return std::to_string(value.get_uint64());
    return std::nullopt;
}

std::expected<void, FilterError> read(const Field& field, const boost::json::value& value,
                                      FlowFilter& filter) {
    auto text = scalar(value);
    if (!text || !field.read(filter, *text))
        return std::unexpected(bad(field.name, text.value_or("this value"), field.form));
    return {};
}

} // namespace

bool FlowFilter::matches(const Flow& flow) const {
    const auto& e = flow.event;
    if (flow.wall_ns < since_ns || !wanted(kinds, e.kind) || !wanted(verdicts, e.verdict) ||
        !wanted(directions, e.direction) || !wanted(protocols, e.protocol) ||
        (!ports.empty() && (flow.icmp() || !wanted(ports, flow.port()))))
        return false;
    if (!users.empty() && !wanted(users, *flow.user) && !wanted(users, std::to_string(e.uid)))
        return false;
    if (!wanted(workloads, flow.local->workload) && !wanted(workloads, flow.peer->workload))
        return false;
    return touches(flow, addresses) &&
           (carries(*flow.local, labels) || carries(*flow.peer, labels)) &&
           carries(flow.source(), from_labels) && carries(flow.destination(), to_labels) &&
           runs(flow, processes) && decided_by(flow, rules);
}

std::expected<FlowFilter, FilterError> parse_filter(const boost::json::object& given) {
    FlowFilter filter;
    for (const auto& [key, value] : given) {
        auto field = std::ranges::find(fields, Text(key.data(), key.size()), &Field::name);
        if (field == fields.end())
            return std::unexpected(FilterError{
                FilterErrc::unknown_field,
                fmt::format("there is no filter '{}'; filters are label, from_label, to_label, "
                            "address, port, protocol, process, verdict, direction, user, rule, "
                            "workload, kind and since",
                            Text(key.data(), key.size()))});
        if (!value.is_array()) {
            if (auto done = read(*field, value, filter); !done)
                return std::unexpected(done.error());
            continue;
        }
        for (const auto& item : value.get_array())
            if (auto done = read(*field, item, filter); !done)
                return std::unexpected(done.error());
    }
    return filter;
}

} // namespace ringwall::agent
