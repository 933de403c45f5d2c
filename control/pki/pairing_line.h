// The one line that `ringwall pair` prints and a person pastes on a host:
//   rwpair1,host=10.0.0.1,port=8443,ca=SHA256,signer=SHA256,token=SECRET,check=8HEX
// No character of it means anything to a shell.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "common/error.h"

namespace ringwall::pki {

enum class LineErrc {
    not_a_line, // does not begin with "rwpair1"
    version,    // begins with rwpair and another number
    cut,        // ends early
    field,      // a field is foreign, missing, out of order or has a bad value
    damaged,    // the check digits do not fit
};
using LineError = BasicError<LineErrc>;

struct PairingLine {
    std::string host; // of the controller: IP address, or DNS name in lower case
    std::uint16_t port = 0;
    std::string ca;     // SHA-256 of the CA's certificate: Certificate::fingerprint
    std::string signer; // PublicKey::id() of the key that signs policy
    std::string token;  // 256 bits, 64 hexadecimal digits; secret
    bool operator==(const PairingLine&) const = default;
};

// Every value must be one that parse_line() accepts.
std::string format_line(const PairingLine& line);

// Accepts exactly what format_line() makes. No message repeats the token.
std::expected<PairingLine, LineError> parse_line(std::string_view text);

} // namespace ringwall::pki
