// Pairing: from the line that `ringwall pair` printed to credentials on this host's disk. Blocking.
#pragma once

#include <expected>
#include <string>

#include "agent/credentials.h"
#include "agent/enrolment.h"

namespace ringwall::agent {

struct PairOptions {
    std::string line; // rwpair1,...
    std::string state_dir;
    Wish wish;
};

// Host name, machine id and the addresses of the network namespace we run in (loopback and
// link-local ones are left out).
HostFacts host_facts();

// The key is made here and never leaves the host. On any error nothing on the disk has changed; the
// error is a sentence for the person at the host.
std::expected<Credentials, std::string> pair(const PairOptions& options, const HostFacts& facts);

} // namespace ringwall::agent
