// The controller's certificate authority. Pure but for random numbers: the clock is an argument,
// and what the store keeps is a value.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/pki/certificate.h"
#include "common/pki/keys.h"
#include "control/pki/identity.h"

namespace ringwall::pki {

enum class AuthorityErrc {
    bad_request,  // the CSR; the message is parse_request()'s
    bad_grant,    // identity, names or lifetime
    clock,        // the CA is expired or not yet valid at `now`
    too_early,    // of a rotation: some would lose their connection
    out_of_order, // of a rotation: the step before is missing
    malformed,    // the kept state
    failed,       // OpenSSL
};
using AuthorityError = BasicError<AuthorityErrc>;
template <typename T>
using AuthorityResult = std::expected<T, AuthorityError>;

// One CA at most in each phase: announced -> issuing -> retiring -> gone.
enum class Phase { announced, issuing, retiring };

struct CaRecord {
    std::string certificate, key; // PEM; the key is secret
    Phase phase = Phase::issuing;
    std::uint64_t since = 0; // the bundle revision that brought it
    bool operator==(const CaRecord&) const = default;
};

struct Revocation {
    std::string serial; // as Certificate::serial
    std::string reason;
    std::int64_t time = 0; // unix seconds
    bool operator==(const Revocation&) const = default;
};

struct AuthorityState {
    std::uint64_t bundle = 0;          // revision of the trust bundle, rises with each change
    std::vector<CaRecord> authorities; // by `since`
    std::vector<Revocation> revoked;   // by serial, each once
    bool operator==(const AuthorityState&) const = default;
};

std::string to_json(const AuthorityState& state);
AuthorityResult<AuthorityState> parse_state(std::string_view json); // malformed

inline constexpr std::int64_t clock_tolerance = 5 * 60; // certificates begin this long ago
inline constexpr std::int64_t shortest_lifetime = 5 * 60, longest_lifetime = 398 * 86400;

struct Grant {
    Identity identity;
    std::int64_t lifetime = 86400;  // seconds from now; never beyond the CA's own end
    std::vector<std::string> names; // DNS names and IP addresses, of a controller only
};

struct Issued {
    Certificate certificate;
    std::string chain; // PEM: the certificate, then its CA
};

class Authority {
  public:
    static AuthorityResult<Authority> create(std::int64_t now);
    static AuthorityResult<Authority> load(AuthorityState state); // malformed

    const AuthorityState& state() const { return state_; }
    const std::vector<Certificate>& roots() const { return roots_; } // all phases
    std::string trust_bundle() const;                                // `roots` as PEM
    const Certificate& issuer() const;

    // The certificate's subject is the identity; of the request only the key is taken. EKU:
    // serverAuth for a controller, clientAuth for the others.
    AuthorityResult<Issued> issue(std::string_view request, const Grant& grant,
                                  std::int64_t now) const;

    // Rotation without pairing again, in three steps:
    // 1. A new CA joins the bundle; agents learn it over their sessions.
    AuthorityResult<void> announce(std::int64_t now);
    // 2. The new CA issues. Refused until each agent has acknowledged a bundle that contains it.
    //    Agent id -> revision of the bundle that it acknowledged last, 0 for none.
    AuthorityResult<void> switch_issuer(const std::map<std::string, std::uint64_t>& acknowledged);
    // 3. The old CA leaves the bundle. Refused while anyone still presents a certificate of it.
    //    Holder's id -> Certificate::issuer of the certificate in use.
    AuthorityResult<void> retire(const std::map<std::string, std::string>& issuers);
    // A third of the issuing CA's life is left: time for step 1.
    bool rotation_due(std::int64_t now) const;

    // A second revocation of a serial changes nothing. Those so old that every certificate of the
    // time has expired are dropped.
    void revoke(const std::string& serial, const std::string& reason, std::int64_t time);
    const Revocation* revocation(std::string_view serial) const; // null: not revoked
    bool is_revoked(std::string_view serial) const { return revocation(serial) != nullptr; }

    // Who a client is: verify() against the bundle, then the revocations (Errc::revoked).
    Result<Identity> admit(const std::vector<Certificate>& chain, Kind kind,
                           std::int64_t now) const;

  private:
    Authority() = default;
    std::size_t at(Phase phase) const; // index, or the count of authorities
    AuthorityResult<void> add(Phase phase, std::int64_t now);

    AuthorityState state_;
    std::vector<Certificate> roots_; // in the order of state_.authorities
    std::vector<PrivateKey> keys_;
};

} // namespace ringwall::pki
