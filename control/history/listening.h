// What listens where, as the agents reported it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/why.h"
#include "control/model/model.h"
#include "control/proto/session.pb.h"

namespace ringwall::history {

// A program behind a port that other hosts could reach: not one of loopback only.
struct Listening {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    agent::ProcessFacts process; // a part that the agent found empty is "-"; unknown ones are empty
};

using Report = std::pair<std::string, std::shared_ptr<const v1::HostReport>>; // agent, may be null

// By workload, also those where nothing listens; absent: its agent has not reported. What belongs
// to no workload inside its host is the host's.
using Heard = std::map<std::string, std::vector<Listening>>;
Heard heard(const std::vector<model::Workload>& workloads, const std::vector<Report>& reports);

// "named", "java": what people call it; empty: not known.
std::string shown(const agent::ProcessFacts& process);

} // namespace ringwall::history
