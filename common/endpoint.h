// A host and a port, as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringwall {

struct Endpoint {
    std::string host; // IP address, or DNS name
    std::uint16_t port = 0;

    std::string text() const; // "10.0.0.1:8443", "[2001:db8::1]:8443"
    // The same; nothing without a port, or with port 0.
    static std::optional<Endpoint> parse(std::string_view text);
    bool operator==(const Endpoint&) const = default;
};

} // namespace ringwall
