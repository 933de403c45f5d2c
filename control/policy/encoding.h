// Is this text at all? The check before YAML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/model/problem.h"

namespace ringwall::policy {

// The first byte that is no UTF-8 or a control character other than tab and line ends.
std::optional<model::Problem> check_encoding(std::string_view text, const std::string& file);

} // namespace ringwall::policy
