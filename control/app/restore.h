// `ringwall-controller restore`: a backup back in its place.
#pragma once

#include <expected>
#include <string>

namespace ringwall::app {

// Says on standard output what was done. The keys in the directory stay: a backup has none.
std::expected<void, std::string> restore(const std::string& backup, const std::string& data_dir);

} // namespace ringwall::app
