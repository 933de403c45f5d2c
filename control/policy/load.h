// Policy files -> the model. Form: docs/policy.md and control/policy/schema.json.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "control/model/model.h"
#include "control/model/problem.h"

namespace ringwall::policy {

using model::Problem;

// A file, or a directory whose *.yaml, *.yml and *.json are read in lexical order (hidden files and
// subdirectories are not). The policy is whole, validated and complete, or all that is wrong is
// told, in the order of the files.
std::expected<model::Policy, std::vector<Problem>> load(const std::filesystem::path& file_or_dir);

// The same for one text; `filename` is for places only.
std::expected<model::Policy, std::vector<Problem>> load_text(std::string_view text,
                                                             const std::string& filename);

// "file:line:col: what is wrong; what to write", "warning: " before the sentence of a warning.
std::string line(const Problem& problem);

} // namespace ringwall::policy
