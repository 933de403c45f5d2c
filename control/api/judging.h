// Would this flow pass, and which rule says so: both ends, by the policy in force or by the draft.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/why.h"
#include "control/api/problem.h"
#include "control/api/rights.h"
#include "control/core/controller.h"

namespace ringwall::api {

struct WhyQuestion {
    std::string from, to; // workload or address
    std::uint8_t protocol = 0;
    std::optional<std::uint16_t> port; // ICMP: type << 8 | code; none: any
    agent::ProcessFacts from_process, process;
    bool draft = false;
};

struct WhyAnswer {
    std::string verdict; // the strictest of the ends; "not judged" where there is none
    std::string sentence;
    std::vector<agent::Judgement> ends; // outbound at the source, inbound at the destination
};

// 404 where a name is neither an address nor a workload, or where neither end lies inside `scope`.
Result<WhyAnswer> why(const core::Controller& controller, const WhyQuestion& question,
                      const Scope& scope);

// The part of a policy that decides between these workloads: all rules, and of the workloads those
// that share an address or a host with them or that a rule names.
model::Policy excerpt(const model::Policy& policy, const std::vector<std::string>& names);

} // namespace ringwall::api
