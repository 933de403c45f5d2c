// Pairing: who may join the fleet, as what. Pure but for the token's random numbers.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/pki/request.h"
#include "control/model/model.h"
#include "control/pki/identity.h"

namespace ringwall::pki {

enum class PairingErrc {
    unknown_profile, // no profile of that name
    duplicate_name,  // a profile of that name exists
    unknown_token,
    revoked,
    expired,
    used_up,
    bad_request,    // the CSR; the message is parse_request()'s
    bad_facts,      // host name, machine id or addresses
    locked,         // the host asks for what the profile does not let it choose
    duplicate_host, // the machine id or the name belongs to a paired workload
};
using PairingError = BasicError<PairingErrc>;
template <typename T>
using PairingResult = std::expected<T, PairingError>;

struct Profile {
    std::string name;
    std::optional<std::uint32_t> uses_left; // nullopt: unlimited
    std::optional<std::int64_t> expires;    // unix seconds, exclusive; nullopt: never
    model::Labels labels;                   // what the workload gets
    model::Mode mode = model::Mode::visibility;
    std::set<std::string> locked; // label keys, and "mode", that the host may not choose
    // May a host take the place of a paired workload? Whoever holds a token of such a profile can
    // take over the identity of any workload, so this is no default.
    bool may_replace = false;
    bool revoked = false;
    bool operator==(const Profile&) const = default;
};

struct Pairing {
    std::map<std::string, Profile> profiles;   // by name
    std::map<std::string, std::string> tokens; // SHA-256 of the token, 64 digits -> profile
    bool operator==(const Pairing&) const = default;
};

PairingResult<void> add_profile(Pairing& pairing, const Profile& profile); // duplicate_name
// 64 hexadecimal digits, for PairingLine::token; only its SHA-256 stays here. unknown_profile,
// revoked.
PairingResult<std::string> new_token(Pairing& pairing, std::string_view profile);
// Its tokens are worth nothing from now on; hosts already paired stay.
PairingResult<void> revoke_profile(Pairing& pairing, std::string_view profile);

// What a host says of itself.
struct HostFacts {
    std::string hostname;
    std::string machine_id; // /etc/machine-id: 32 hexadecimal digits
    std::vector<Address> addresses;
};

struct Redemption {
    std::string token;
    std::string request; // CSR, PEM
    HostFacts facts;
    std::string name;                // of the workload; empty: the host name
    model::Labels labels;            // asked for on the host
    std::optional<model::Mode> mode; // asked for on the host
    bool replace = false;            // --replace
};

// A workload that the controller knows.
struct KnownWorkload {
    std::string name;
    std::string machine_id; // empty: declared, never paired
    bool live = false;      // its agent has a session now
    model::Labels labels;
    model::Mode mode = model::Mode::visibility;
    std::vector<std::string> serials; // its certificates that have not expired
};

struct Accepted {
    Identity identity; // for Grant
    std::string profile;
    model::Labels labels; // what is known of the workload wins over the host, the host over profile
    model::Mode mode = model::Mode::visibility;
    std::vector<Address> addresses;
    Request request;
    // Set when a known workload is meant: it keeps its labels and mode.
    bool known = false;
    std::vector<std::string> revoke; // serials to revoke with --replace
};

// A use is counted when, and only when, the host is accepted. Each refusal is a sentence for the
// person at the host; an unknown token is told nothing.
//
// A host whose machine id belongs to a paired workload is a clone, or the same host again: refused
// unless it asks to replace and the profile lets it. So is another host of the same name. A
// declared workload that was never paired is taken by the host of its name, unless the profile
// locks a label that is declared otherwise.
PairingResult<Accepted> redeem(Pairing& pairing, const Redemption& given,
                               const std::vector<KnownWorkload>& known, std::int64_t now);

} // namespace ringwall::pki
