// What a flow and an impact say in the same words on the wire.
#pragma once

#include <string>

#include "agent/flows.h"
#include "control/proto/policy.pb.h"

namespace ringwall::agent {

v1::Direction direction_of(loader::Direction direction);
v1::Process process_of(const Program& program, const std::string& user);

} // namespace ringwall::agent
