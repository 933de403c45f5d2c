// Who a certificate speaks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringwall::pki {

enum class Kind { agent, controller, operator_client };
const char* name(Kind); // "agent", "controller", "operator"

struct Identity {
    Kind kind = Kind::agent;
    std::string id; // of an agent: the workload's name

    std::string uri() const; // spiffe://ringwall/agent/web-1
    static std::optional<Identity> parse(std::string_view uri);
    bool operator==(const Identity&) const = default;
};

// 1 to 64 of A-Z a-z 0-9 . _ - that are not only dots: what an id may be.
bool is_identity_name(std::string_view text);
// Labels of 1 to 63 of a-z 0-9 - (not at an end), joined by dots, at most 253 in all; the last is
// no number, so that nothing is half an address.
bool is_dns_name(std::string_view text);

} // namespace ringwall::pki
