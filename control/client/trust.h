// Which controller is meant: its CA by certificate, or by fingerprint alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/pki/certificate.h"
#include "control/client/error.h"

namespace ringwall::client {

struct Trust {
    std::vector<pki::Certificate> roots; // any of them
    std::string fingerprint;             // SHA-256 of the CA, 64 hexadecimal digits; else empty
    bool empty() const { return roots.empty() && fingerprint.empty(); }
};

// The path of a PEM file, "sha256:HEX" or the 64 digits alone (case does not matter).
Result<Trust> load_trust(const std::string& ca);

// Is this the chain of a controller of that CA, at `now` (unix seconds)?
pki::Result<void> judge(const Trust& trust, const std::vector<pki::Certificate>& chain,
                        std::int64_t now);

} // namespace ringwall::client
