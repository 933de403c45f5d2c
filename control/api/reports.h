// What all agents have reported of their hosts.
#pragma once

#include <vector>

#include "control/core/controller.h"
#include "control/history/listening.h"

namespace ringwall::api {

// By agent, without those that have said nothing. May go to another thread.
inline std::vector<history::Report> reports_of(const core::Controller& controller) {
    std::vector<history::Report> out;
    for (auto& agent : controller.agents())
        if (agent.report)
            out.emplace_back(std::move(agent.name), std::move(agent.report));
    return out;
}

} // namespace ringwall::api
