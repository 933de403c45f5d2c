#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "control/model/nearest.h"
#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, icmpv6 = 58, sctp = 132, udplite = 136;

constexpr std::array<std::pair<const char*, std::uint8_t>, 6> protocols{{{"tcp", tcp},
                                                                         {"udp", udp},
                                                                         {"icmp", icmp},
                                                                         {"icmpv6", icmpv6},
                                                                         {"sctp", sctp},
                                                                         {"udplite", udplite}}};

const char* const protocol_forms = "write tcp, udp, icmp, icmpv6, sctp, udplite, a number from 0 "
                                   "to 255, or any";

bool has_ports(std::uint8_t protocol) {
    return protocol == tcp || protocol == udp || protocol == sctp || protocol == udplite;
}

bool has_types(std::uint8_t protocol) {
    return protocol == icmp || protocol == icmpv6;
}

std::optional<std::uint8_t> protocol_number(const std::string& text) {
    for (const auto& [name, number] : protocols)
        if (text == name)
            return number;
    const auto number = decimal(text);
    if (!number || *number > 255)
        return std::nullopt;
    return static_cast<std::uint8_t>(*number);
}

// True: understood; then nullopt in `out` means any protocol.
bool read_protocol(Context& context, const Node& node, std::optional<std::uint8_t>& out) {
    if (node.kind == Node::Kind::broken)
        return false;
    if (node.kind == Node::Kind::text && node.text == "any")
        return true;
    if (node.kind == Node::Kind::text)
        out = protocol_number(node.text);
    if (out)
        return true;
    static const std::vector<std::string> words{"tcp",  "udp",     "icmp", "icmpv6",
                                                "sctp", "udplite", "any"};
    context.error(node, fmt::format("{} is no protocol; {}",
                                    node.kind == Node::Kind::text ? in_quotes(node.text) : "this",
                                    model::did_you_mean(node.text, words, protocol_forms)));
    return false;
}

std::optional<std::uint16_t> port_number(Context& context, const Node& node,
                                         const std::string& text) {
    const auto number = decimal(text);
    if (number && *number >= 1 && *number <= 65535)
        return static_cast<std::uint16_t>(*number);
    context.error(node, fmt::format("{} is no port; write a number from 1 to 65535, or a range "
                                    "such as 8000-8080",
                                    in_quotes(text)));
    return std::nullopt;
}

std::optional<model::PortRange> port_range(Context& context, const Node& node) {
    if (node.kind != Node::Kind::text) {
        if (node.kind != Node::Kind::broken)
            context.error(node, "a port must be a number, or a range such as 8000-8080");
        return std::nullopt;
    }
    const auto dash = node.text.find('-');
    if (dash == std::string::npos || dash == 0) {
        const auto port = port_number(context, node, node.text);
        return port ? std::optional(model::PortRange{*port, *port}) : std::nullopt;
    }
    const auto first = port_number(context, node, node.text.substr(0, dash));
    const auto last = port_number(context, node, node.text.substr(dash + 1));
    if (!first || !last)
        return std::nullopt;
    if (*last < *first) {
        context.error(
            node, fmt::format("port range {} is reversed; write {}-{}", node.text, *last, *first));
        return std::nullopt;
    }
    return model::PortRange{*first, *last};
}

// 0..255, or -1 for anything else.
int byte_value(std::string_view text) {
    const auto number = decimal(text);
    return number && *number <= 255 ? static_cast<int>(*number) : -1;
}

std::optional<model::IcmpType> icmp_type(Context& context, const Node& node) {
    if (node.kind == Node::Kind::broken)
        return std::nullopt;
    const std::string_view all = node.text;
    const auto slash = all.find('/');
    const bool with_code = slash != std::string_view::npos;
    const int type = byte_value(all.substr(0, slash));
    const int code = with_code ? byte_value(all.substr(slash + 1)) : -1;
    if (node.kind == Node::Kind::text && type >= 0 && (!with_code || code >= 0))
        return model::IcmpType{static_cast<std::uint8_t>(type), code};
    context.error(node, fmt::format("{} is no ICMP type; write a number from 0 to 255, or "
                                    "type/code such as 3/1",
                                    node.kind == Node::Kind::text ? in_quotes(node.text) : "this"));
    return std::nullopt;
}

void read_ports(Context& context, const Node& node, bool protocol_known, model::Port& out) {
    if (protocol_known && !(out.protocol && has_ports(*out.protocol))) {
        context.error(node, "this protocol has no ports; leave ports out, or write proto: tcp, "
                            "udp, sctp or udplite");
        return;
    }
    if (const auto* ports = items(context, node, "ports", "[80], or leave it out for all ports"))
        for (const Node& entry : *ports)
            if (const auto range = port_range(context, entry))
                out.ports.push_back(*range);
}

void read_types(Context& context, const Node& node, bool protocol_known, model::Port& out) {
    if (protocol_known && !(out.protocol && has_types(*out.protocol))) {
        context.error(node, "this protocol has no types; leave types out, or write proto: icmp or "
                            "icmpv6");
        return;
    }
    if (const auto* types = items(context, node, "types", "[8], or leave it out for all types"))
        for (const Node& entry : *types)
            if (const auto type = icmp_type(context, entry))
                out.icmp.push_back(*type);
}

} // namespace

model::Port port(Context& context, const Node& node, const Fields& fields) {
    model::Port out;
    out.place = context.place(node);
    const Node* protocol = fields.require("proto", "proto: tcp, or proto: any");
    const bool known = protocol && read_protocol(context, *protocol, out.protocol);
    if (const Node* ports = fields.find("ports"))
        read_ports(context, *ports, known, out);
    if (const Node* types = fields.find("types"))
        read_types(context, *types, known, out);
    return out;
}

} // namespace ringwall::policy
