// "Did you mean ...?": the known word closest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringwall::model {

// The closest candidate within a quarter of the word's length in edits (case counts half);
// empty when none is close. Ties: the first.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// `did you mean "X"?` or, when nothing is close, `otherwise`.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates,
                         const std::string& otherwise);

} // namespace ringwall::model
