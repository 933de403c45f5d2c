// Which commit a policy comes from.
#pragma once

#include <string>

#include "control/cli/command.h"

namespace ringwall::cli {

// "e6fddb4 payments: open 8443 for the new gateway", with "(with uncommitted changes)" where that
// is so. failed: the folder is in no work tree, or there is no git.
Result<std::string> git_note(const std::string& folder);

// --message, or the commit with --git; both: "MESSAGE (COMMIT)". `path`: of a policy file or
// folder.
Result<std::string> note_of(const Arguments& arguments, const std::string& path = ".");

} // namespace ringwall::cli
