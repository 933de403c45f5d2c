#include "common/protocol.h"

#include <array>
#include <charconv>
#include <utility>

namespace ringwall {
namespace {

using Protocol = std::pair<std::uint8_t, std::string_view>;
constexpr std::array<Protocol, 8> protocols{{{1, "icmp"},
                                             {6, "tcp"},
                                             {17, "udp"},
                                             {47, "gre"},
                                             {50, "esp"},
                                             {58, "icmpv6"},
                                             {132, "sctp"},
                                             {136, "udplite"}}};

} // namespace

std::string protocol_name(std::uint8_t protocol) {
    for (const auto& [number, name] : protocols)
        if (number == protocol)
            return std::string(name);
    return std::to_string(protocol);
}

bool parse_protocol(std::string_view text, std::uint8_t& protocol) {
    for (const auto& [number, name] : protocols)
        if (name == text) {
            protocol = number;
            return true;
        }
    const auto end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, protocol);
    return !text.empty() && error == std::errc{} && stop == end;
}

} // namespace ringwall
