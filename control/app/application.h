// A running controller: opens everything in order, serves until it is told to stop, and stops in
// the opposite order.
#pragma once

#include <expected>
#include <string>

#include "control/app/settings.h"

namespace ringwall::app {

// Until SIGTERM or SIGINT. Error: why it could not start.
std::expected<void, std::string> run(Settings settings, const std::string& version);

} // namespace ringwall::app
