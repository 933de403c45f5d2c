// What a paired agent finds on its disk when it starts, before anything is enforced.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "agent/credentials.h"
#include "agent/held.h"
#include "agent/node.h"
#include "agent/spool.h"

namespace ringwall::agent {

struct Paired {
    Credentials credentials;
    Held held;
    Spool spool;

    static std::expected<std::unique_ptr<Paired>, std::string> open(const std::string& state_dir);
};

// The session with the controller, which no policy can cut. A name counts with the address that it
// had when the credentials were given.
std::vector<Failsafe> way_to_controller(const Credentials& credentials);

} // namespace ringwall::agent
