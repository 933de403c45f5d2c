// Replacing the CA without pairing again, as the fleet sees it: what each agent trusts and shows,
// and for whom the next step waits. The order of the steps and their refusals are pki::Authority's.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/core/error.h"
#include "control/pki/authority.h"

namespace ringwall::core {

enum class RotationStep { announce, switch_issuer, retire };
const char* name(RotationStep step); // "announce", "switch", "retire"
std::optional<RotationStep> parse_rotation_step(std::string_view text);
const char* name(pki::Phase phase);

// What an agent said and showed when it connected last, since the controller's start.
struct TrustHeld {
    std::uint64_t bundle = 0; // revision of the trust bundle; 0: unknown, which is only too early
    std::string issuer;       // of its certificate; "": it has not connected
    bool connected = false;   // online or late
};
using TrustByAgent = std::map<std::string, TrustHeld>; // those that are not revoked

struct Stragglers {
    std::vector<std::string> agents; // by name
    std::size_t connected = 0;       // so many of them are there
};

struct Rotation {
    struct Ca {
        pki::Certificate certificate;
        pki::Phase phase = pki::Phase::issuing;
        std::uint64_t since = 0; // the bundle revision that brought it
    };
    std::vector<Ca> authorities; // the oldest first
    std::uint64_t bundle = 0;    // revision, rises with each change
    bool due = false;
    std::size_t agents = 0;
    Stragglers unacknowledged;  // hold an older bundle
    Stragglers old_certificate; // while a CA retires: do not show one of the new CA
};
Rotation rotation_of(const pki::Authority& authority, const TrustByAgent& agents, std::int64_t now);

// Should this agent get its certificate and the bundle anew?
bool lags(const pki::Authority& authority, const TrustHeld& held);

// conflict (the authority's sentence), io.
Result<void> take_step(pki::Authority& authority, RotationStep step, const TrustByAgent& agents,
                       std::int64_t now);

} // namespace ringwall::core
