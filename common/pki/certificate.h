// Certificates as plain values, and the one judgement about a peer's chain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/pki/error.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

// Every identity is a URI below this: spiffe://ringwall/agent/web-1
inline constexpr std::string_view identity_root = "spiffe://ringwall/";

struct Certificate {
    std::string der;
    std::string serial;             // lower-case hexadecimal, an even count of digits
    std::string subject, issuer;    // common names
    std::string uri;                // the one URI among its names; "" when none or several
    std::vector<std::string> names; // DNS names and IP addresses, as text
    std::int64_t not_before = 0, not_after = 0; // unix seconds, [from, to)
    std::string fingerprint;                    // SHA-256 of `der`, 64 hexadecimal digits
    bool is_ca = false;
    bool for_client = false, for_server = false; // extended key usage, named expressly
    PublicKey key;

    std::string pem() const;
};

Result<Certificate> certificate_from(std::string_view der);
// One or more PEM blocks, leaf first, at most 16 in 64 KiB. malformed, too_big, weak_key.
Result<std::vector<Certificate>> parse_certificates(std::string_view pem);
std::string pem_of(const std::vector<Certificate>& chain);

enum class Purpose { client, server }; // what the peer acts as

struct Expected {
    Purpose purpose = Purpose::server;
    std::int64_t now = 0;   // unix seconds
    std::string uri_prefix; // "spiffe://ringwall/agent/"
};

// `chain`: as the peer sent it, its own certificate first. `roots`: the trust bundle. The sentence
// tells apart expired, not_yet_valid (with the difference of the clocks), unknown_ca (who issued
// it, who is trusted), wrong_purpose and wrong_identity; bad_signature for anything else.
Result<void> verify(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots,
                    const Expected& expected);

// At the first contact the host knows a CA by its fingerprint alone: that CA out of the chain that
// the peer sent, to be used as the root for verify(). unknown_ca.
Result<Certificate> pinned_root(const std::vector<Certificate>& chain,
                                std::string_view fingerprint);

// When to ask for the next certificate: at two thirds of this one's life, unix seconds.
std::int64_t renew_at(const Certificate& certificate);

} // namespace ringwall::pki
