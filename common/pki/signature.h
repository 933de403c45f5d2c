// Ed25519 signatures over (format version, context, payload): what is signed for one use is worth
// nothing for another.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/pki/error.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

inline constexpr std::uint32_t signature_version = 1;

// Of a policy on its way to an agent (v1::SignedPolicy).
inline constexpr std::string_view policy_context = "ringwall/policy/v1";

// "ringwall/policy/v1": names the use; 1..255 bytes, fixed in the code of both sides.
// The signed bytes are "ringwall signature\0", version (4, big-endian), length of the context (1),
// context, payload. 64 bytes; weak_key when the key is no signing key, malformed for the context.
Result<std::string> sign(const PrivateKey& key, std::string_view context, std::string_view payload);
// bad_signature, weak_key, malformed.
Result<void> check_signature(const PublicKey& key, std::string_view context,
                             std::string_view payload, std::string_view signature);

// A payload that travels with its signature.
struct Envelope {
    std::uint32_t version = signature_version;
    std::string key_id; // PublicKey::id() of the signer
    std::string context;
    std::string payload;
    std::string signature;
    bool operator==(const Envelope&) const = default;
};

Result<Envelope> seal(const PrivateKey& key, std::string_view context, std::string payload);

// Several keys are pinned while the signing key is being changed. unknown_key (names both ids),
// wrong_context (another use, another version), bad_signature.
Result<void> check(const Envelope& envelope, std::string_view context,
                   std::span<const PublicKey> pinned);

} // namespace ringwall::pki
