// The draft held against recorded edges.
#pragma once

#include "control/cli/command.h"
#include "control/client/client.h"

namespace ringwall::cli {

// `ringwall impact --recorded [QUERY...]`
Result<void> impact_recorded(client::Client& client, const Arguments& arguments);

} // namespace ringwall::cli
