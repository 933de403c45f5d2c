// Who belongs to the fleet: the CA, the key that signs policy, pairing, renewal, revocation. Its
// secrets are files of their own in the data directory, 0600, not in the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/pki/keys.h"
#include "control/core/error.h"
#include "control/core/profile.h"
#include "control/pki/authority.h"
#include "control/pki/pairing.h"
#include "control/store/store.h"

namespace ringwall::core {

// What is kept of a paired host: kind "agent", by the workload's name.
struct AgentRecord {
    std::string machine_id, profile;
    std::int64_t paired_ns = 0;
    // Its workload came by pairing, so its addresses follow what the host reports; those of a
    // workload that a person wrote do not.
    bool follows_addresses = false;
    std::map<std::string, std::int64_t> certificates; // serial -> end, unix seconds
    std::string revoked;                              // reason; empty: it may connect
};
std::string to_json(const AgentRecord& record);
Result<AgentRecord> parse_record(const std::string& text);

struct Joined {
    std::string agent;
    std::string certificate;        // PEM chain
    std::vector<store::Edit> edits; // profile, agent record, workload: one change, not yet made
};

struct EnrolmentOptions {
    std::string data_dir;
    std::vector<std::string> names;             // of this controller, for its certificate
    std::int64_t certificate_life = 30 * 86400; // seconds
};

class Enrolment {
  public:
    // Makes CA and signing key where there are none. Errors: io (a file that others may read too).
    static Result<Enrolment> open(EnrolmentOptions options, std::int64_t now);

    const pki::PrivateKey& signing_key() const { return signing_key_; }
    const pki::Authority& authority() const { return authority_; }
    std::string trust() const { return authority_.trust_bundle(); }

    // The controller's own certificate, made anew.
    Result<pki::Issued> controller_certificate(const pki::PrivateKey& key, std::int64_t now) const;

    // A new token of the profile and the line that carries it; its SHA-256 goes to the store.
    struct Line {
        std::string text, token_sha256;
    };
    Result<Line> line(const pki::Profile& profile, const std::string& host,
                      std::uint16_t port) const;

    // `profile`: the one that the token is of; nullopt: nobody knows the token. `known`: at least
    // the workloads with the host's name or its machine id.
    Result<Joined> join(const pki::Redemption& given, const std::optional<StoredProfile>& profile,
                        const std::vector<pki::KnownWorkload>& known,
                        const std::map<std::string, AgentRecord>& records, std::int64_t now);
    // The chain, and the record with the new serial.
    Result<std::string> renew(const std::string& agent, const std::string& request,
                              AgentRecord& record, std::int64_t now) const;
    // The authority with the next step of its rotation: saved, or what was before. io.
    Result<void> replace(pki::Authority next);
    Result<void> revoke(const std::map<std::string, std::int64_t>& certificates,
                        const std::string& reason, std::int64_t now);

  private:
    Enrolment(EnrolmentOptions options, pki::Authority authority, pki::PrivateKey key)
        : options_(std::move(options)), authority_(std::move(authority)),
          signing_key_(std::move(key)) {}
    Result<void> save() const;
    Result<std::string> certificate(const pki::Identity& identity, const std::string& request,
                                    AgentRecord& record, std::int64_t now) const;

    EnrolmentOptions options_;
    pki::Authority authority_;
    pki::PrivateKey signing_key_;
};

} // namespace ringwall::core
