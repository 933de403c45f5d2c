// The words of a command line as CLI11 has to read them. Pure.
#pragma once

#include <string>
#include <vector>

namespace ringwall::cli {

// `ringwall --socket PATH policy check X` means `ringwall policy check --socket PATH X`, a bare
// call the default command, a bare group its first command.
std::vector<std::string> words_of(int argc, const char* const* argv);

// Said when reading fails: what to write instead, empty when that is not known.
std::string hint(int argc, const char* const* argv);

} // namespace ringwall::cli
