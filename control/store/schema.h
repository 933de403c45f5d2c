// The tables, as a list of steps from one schema to the next. Private to the store.
#pragma once

#include <span>

#include "control/store/connection.h"

namespace ringwall::store {

// Brings a database from schema n - 1 to n, n being its place in the list, from 1.
using Step = const char*;

std::span<const Step> schema_steps();

// Runs the steps that are missing (PRAGMA user_version), each in a transaction of its own. A file
// of a newer schema or of another program is refused.
void migrate(Connection& connection, std::span<const Step> steps = schema_steps());

// The refusals of migrate() alone.
void check_schema(Connection& connection, std::span<const Step> steps = schema_steps());

} // namespace ringwall::store
