// What a host says to be paired or renewed, and what it makes of the answer. Pure.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/credentials.h"
#include "agent/https.h"
#include "common/error.h"
#include "control/model/model.h"

namespace ringwall::agent {

struct HostFacts {
    std::string hostname, machine_id;
    std::vector<Address> addresses;
};

struct Wish { // of the person at the host
    std::string name;
    std::map<std::string, std::string> labels;
    std::optional<model::Mode> mode;
    bool replace = false;
};

enum class EnrolmentErrc { refused, malformed, untrusted };
using EnrolmentError = BasicError<EnrolmentErrc>;

// JSON bodies of POST /api/v1/pair and /api/v1/renew; `request`: CSR, PEM.
std::string pair_body(const std::string& token, const std::string& request, const HostFacts& facts,
                      const Wish& wish);
std::string renew_body(const std::string& request);

// The credentials out of a 200, for the key that the CSR was made with. The certificate must be
// that key's and an agent's, issued by the trust that comes with it. Refused: the controller's own
// sentence.
std::expected<Credentials, EnrolmentError>
credentials_from(const HttpsAnswer& answer, const pki::PrivateKey& key, std::int64_t now_seconds);

} // namespace ringwall::agent
