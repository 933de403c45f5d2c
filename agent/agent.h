// The running agent: one event loop around Enforcement, FlowTable, the local API and, under a
// controller, Uplink.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "agent/enforcement.h"
#include "agent/options.h"
#include "agent/paired.h"

namespace ringwall::agent {

// Enforces until SIGTERM or SIGINT (on_stop decides what stays) or until told to detach.
// Error: why it could not start.
// paired: null where the policy comes from files.
std::expected<void, std::string> run(std::unique_ptr<Enforcement> enforcement,
                                     std::unique_ptr<Paired> paired);

} // namespace ringwall::agent
