// `why` of the fleet: the controller judges both ends.
#pragma once

#include <boost/json/object.hpp>

#include "agent/api.h"
#include "agent/why.h"
#include "control/cli/command.h"

namespace ringwall::cli {

// "/usr/sbin/named", "named.service", "user=bind", "path=/x,user=y"
Result<agent::ProcessFacts> parse_process(const std::string& text);

// {from, to, proto, port | icmp, process, from_process, draft}: the API's request.
Result<boost::json::object> why_request(const Arguments& arguments, const agent::WhyQuery& query);

// {verdict, sentence, ends}
Result<boost::json::object> why_from_controller(const Arguments& arguments,
                                                const agent::WhyQuery& query);

} // namespace ringwall::cli
