// Certificate signing requests (PKCS#10): a host proves that it holds the key it made.
#pragma once

#include <string>
#include <string_view>

#include "common/pki/error.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

inline constexpr std::size_t longest_request = 8192; // bytes of PEM
inline constexpr std::size_t longest_subject = 64;   // bytes of the common name (RFC 5280)

// The subject is what the host calls itself, for people: the certificate's identity is given by
// the authority. 1..longest_subject printable ASCII characters; the key is a TLS key.
Result<std::string> make_request(const PrivateKey& key, std::string_view subject);

struct Request {
    std::string subject; // common name; "" when it has none
    PublicKey key;       // P-256
};

// One PEM block and nothing beside it; the signature is verified with the key inside. too_big,
// malformed, weak_key, bad_signature.
Result<Request> parse_request(std::string_view pem);

} // namespace ringwall::pki
