// Copies of a database. Private to the store; throws Failure.
#pragma once

#include <string>

namespace ringwall::store {

void back_up(const std::string& database, const std::string& file);

} // namespace ringwall::store
