// Who this host is to its controller: what pairing left in STATE_DIR/identity (mode 0700, files
// 0600). The whole directory is replaced in one step. Blocking file I/O.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "common/endpoint.h"
#include "common/error.h"
#include "common/ip.h"
#include "common/pki/tls.h"

namespace ringwall::agent {

struct Credentials {
    std::string agent;                   // the name that the controller gave
    std::string machine_id;              // as it was told at pairing
    std::vector<Endpoint> endpoints;     // of the controller, to try in this order
    std::vector<Address> addresses;      // of the controller, as they were met last
    std::int64_t paired_ns = 0;          // wall clock
    std::vector<pki::Certificate> chain; // the own certificate, then its CA
    std::vector<pki::Certificate> trust;
    std::uint64_t bundle = 0;            // revision of `trust`; 0: it was not told
    std::vector<pki::PublicKey> signers; // who may sign policy
    pki::PrivateKey key;

    const pki::Certificate& own() const { return chain.front(); }
};

enum class CredentialsErrc { not_paired, damaged, io };
using CredentialsError = BasicError<CredentialsErrc>;

bool is_paired(const std::string& state_dir);
std::expected<Credentials, CredentialsError> load_credentials(const std::string& state_dir);
// All of it, or what was there before.
std::expected<void, CredentialsError> save_credentials(const std::string& state_dir,
                                                       const Credentials& credentials);

// The member "bundle"; 0 where there is none, as controllers and files of before have it.
std::uint64_t bundle_in(const boost::json::object& object);

// "PUBLIC KEY" blocks, one after the other.
pki::Result<std::vector<pki::PublicKey>> parse_public_keys(std::string_view pem);

// How this host talks to its controller, and to nobody else.
pki::TlsSetup tls_setup(const Credentials& credentials);

} // namespace ringwall::agent
