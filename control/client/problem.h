// Refusals of the controller -> Problem. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "control/client/error.h"

namespace ringwall::client {

using Headers = std::map<std::string, std::string>; // names in lower case

// Always gives a problem with a sentence: also for a body that is none (a proxy's page, nothing).
Problem problem_of(unsigned status, const Headers& headers, std::string_view body);
// The sentence of a problem: its detail, else its title.
Error refused(Problem problem);

// An array of faults, as in problems and in the warnings of a good answer; others are skipped.
std::vector<Fault> faults_of(const boost::json::value* list);

} // namespace ringwall::client
