// The two ends of a flow summary as sides of an edge.
#pragma once

#include <map>
#include <string>

#include "common/ip.h"
#include "control/flowmap/edge.h"

namespace ringwall::flowmap {

// Labels as a Side and a stored flow have them.
std::string text_of(const std::map<std::string, std::string>& labels);

// Whose agent sent it.
Side own_side(const v1::FlowSummary& summary, const std::string& labels);
// As what that agent knows the other end.
Side other_side(const v1::FlowSummary& summary, const std::string& labels, const Address& address);

} // namespace ringwall::flowmap
