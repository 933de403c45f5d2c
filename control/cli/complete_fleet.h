// Candidates of completion that the controller and the contexts know.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/command.h"

namespace ringwall::cli {

using Words = std::span<const std::string>;

// "--context prod" on the line counts. Empty when the controller does not answer within a second,
// or nothing is configured: completion never complains.
std::vector<std::string> fleet_names(std::string_view path, Words line);
std::vector<std::string> context_names();

// For an operand of `command`; `given`: those before it.
std::vector<std::string> operand_candidates(const Command& command, Words given,
                                            std::string_view typed, Words line);
// For the value of an option of a command that asks the controller; empty: not known here.
std::vector<std::string> option_candidates(std::string_view option, Words line);

} // namespace ringwall::cli
