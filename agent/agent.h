// The running agent: one event loop around Enforcement, FlowTable and the local API.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "agent/enforcement.h"
#include "agent/options.h"

namespace ringwall::agent {

// Enforces until SIGTERM or SIGINT (on_stop decides what stays) or until told to detach.
// Error: why it could not start.
std::expected<void, std::string> run(std::unique_ptr<Enforcement> enforcement);

} // namespace ringwall::agent
