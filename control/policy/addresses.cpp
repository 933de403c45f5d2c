#include <utility>

#include <fmt/format.h>

#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

int bits(const Address& address) {
    return address.is_v4() ? 32 : 128;
}

// The first (ones = false) or last address of the block of `length` bits around `address`.
Address edge(Address address, int length, bool ones) {
    for (int bit = 128 - bits(address) + length; bit < 128; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80u >> bit % 8);
        auto& byte = address.bytes[static_cast<std::size_t>(bit / 8)];
        byte = static_cast<std::uint8_t>(ones ? byte | mask : byte & ~mask);
    }
    return address;
}

bool is_plain_text(Context& context, const Node& node, const char* what) {
    if (node.kind == Node::Kind::text)
        return true;
    if (node.kind != Node::Kind::broken)
        context.error(node, fmt::format("{} must be text such as 10.0.0.1, nothing else", what));
    return false;
}

// Why this address cannot belong to one workload; empty when it can.
std::string not_one_workloads(const Address& a) {
    const auto in = [&](const char* prefix) { return Prefix::parse(prefix)->contains(a); };
    if (in("0.0.0.0/8") || a == *Address::parse("::"))
        return "is the unspecified address";
    if (in("127.0.0.0/8") || a == *Address::parse("::1"))
        return "is a loopback address, which every host has";
    if (in("224.0.0.0/4") || in("ff00::/8"))
        return "is a multicast address";
    if (a == *Address::parse("255.255.255.255"))
        return "is the broadcast address";
    return {};
}

std::optional<model::AddressRange> from_prefix(Context& context, const Node& node) {
    const std::string& text = node.text;
    if (const auto prefix = Prefix::parse(text))
        return model::AddressRange{prefix->address, edge(prefix->address, prefix->length, true)};
    const auto slash = text.find('/');
    const auto address = Address::parse(text.substr(0, slash));
    const auto length = slash == std::string::npos ? std::nullopt : decimal(text.substr(slash + 1));
    if (address && length && static_cast<int>(*length) <= bits(*address)) {
        const Prefix block{edge(*address, static_cast<int>(*length), false),
                           static_cast<std::uint8_t>(*length)};
        context.error(node, fmt::format("{} has bits set behind its prefix length; write {} or {}",
                                        text, block.text(), address->text()));
    } else {
        context.error(node, fmt::format("{} is no address, prefix or range; write 10.0.0.1, "
                                        "10.0.0.0/8 or 10.0.0.1-10.0.0.9",
                                        in_quotes(text)));
    }
    return std::nullopt;
}

std::optional<model::AddressRange> from_ends(Context& context, const Node& node,
                                             const std::string& left, const std::string& right) {
    const auto first = Address::parse(left);
    const auto last = Address::parse(right);
    if (!first || !last)
        context.error(node, fmt::format("{} is no range of addresses; write 10.0.0.1-10.0.0.9",
                                        in_quotes(node.text)));
    else if (first->is_v4() != last->is_v4())
        context.error(
            node, fmt::format("range {} mixes IPv4 and IPv6; write one range for each", node.text));
    else if (*last < *first)
        context.error(node,
                      fmt::format("range {} is reversed; write {}-{}", node.text, right, left));
    else
        return model::AddressRange{*first, *last};
    return std::nullopt;
}

} // namespace

std::optional<Address> workload_address(Context& context, const Node& node) {
    if (!is_plain_text(context, node, "an address"))
        return std::nullopt;
    const auto address = Address::parse(node.text);
    if (!address) {
        const auto host = Address::parse(node.text.substr(0, node.text.find('/')));
        context.error(node, fmt::format("{} is no address; write {}", in_quotes(node.text),
                                        host ? host->text() : "10.0.0.1 or 2001:db8::1"));
        return std::nullopt;
    }
    if (const auto reason = not_one_workloads(*address); !reason.empty()) {
        context.error(node,
                      fmt::format("{} {}; write the address its peers see", node.text, reason));
        return std::nullopt;
    }
    return address;
}

std::optional<model::AddressRange> address_range(Context& context, const Node& node) {
    if (!is_plain_text(context, node, "an entry of cidrs or exclude"))
        return std::nullopt;
    const auto dash = node.text.find('-');
    if (dash == std::string::npos)
        return from_prefix(context, node);
    return from_ends(context, node, node.text.substr(0, dash), node.text.substr(dash + 1));
}

} // namespace ringwall::policy
