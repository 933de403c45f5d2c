// What provision, stage and rollback ask for, from the command line. Pure, but for --git.
#pragma once

#include <boost/json/object.hpp>

#include "control/cli/command.h"

namespace ringwall::cli {

// {objects, note, confirm_within_s, canary}
Result<boost::json::object> provision_request(const Arguments& arguments);
// {objects, note}
Result<boost::json::object> stage_request(const Arguments& arguments);
// {to, note, confirm_within_s}
Result<boost::json::object> rollback_request(const Arguments& arguments);

} // namespace ringwall::cli
