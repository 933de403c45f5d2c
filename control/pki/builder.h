// Private to control/pki: writes one X.509 certificate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/pki/certificate.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

struct Draft {
    std::string subject; // common name
    std::string uri;     // empty: a CA
    std::vector<std::string> names;
    std::string usage; // extended, in OpenSSL's words; empty: a CA
    std::int64_t not_before = 0, not_after = 0;
};

// Without `issuer` the certificate is self-signed, by `signer`.
Result<Certificate> build(const Draft& draft, const PublicKey& key, const Certificate* issuer,
                          const PrivateKey& signer);

} // namespace ringwall::pki
