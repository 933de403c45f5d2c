// Answers of the local API, all but streams.
#pragma once

#include <string>
#include <vector>

#include "agent/api.h"
#include "agent/enforcement.h"
#include "agent/flows.h"
#include "agent/status.h"

namespace ringwall::agent {

class Requests {
  public:
    Requests(Enforcement& enforcement, const FlowTable& flows, const ProcessState& process)
        : enforcement_(enforcement), flows_(flows), process_(process) {}

    std::string answer(const Request& request);             // one JSON line
    std::vector<Flow> recent(const FlowQuery& query) const; // oldest news first

  private:
    std::string why(const WhyQuery& query) const;
    std::string why_recorded(std::uint64_t id) const;
    std::string policy(const std::string& workload) const;
    std::string snapshot() const;
    std::string pause(std::chrono::seconds duration);

    Enforcement& enforcement_;
    const FlowTable& flows_;
    const ProcessState& process_;
};

} // namespace ringwall::agent
