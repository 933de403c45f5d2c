// Agents that are silent for longer than the operator bears with leave their peers' policy until
// they speak again. They themselves go on enforcing what they have.
#include <spdlog/spdlog.h>

#include "control/core/controller_impl.h"

namespace ringwall::core {

void Controller::Impl::give_up_silent() {
    for (const auto& agent : silence.give_up(options.steady())) {
        const auto* workload = policies.workload(agent);
        if (!workload)
            continue;
        const auto computed = fleets.hide(*workload, true);
        if (!computed) {
            spdlog::error("{} stays in its peers' policy: {}", agent, computed.error().message);
            continue;
        }
        fleets.send(*computed, pending());
        notice("agent_given_up", agent,
               agent + " has been silent for too long: its peers' rules do not find it until it "
                       "is back",
               {{"agent", agent}});
    }
}

void Controller::Impl::speaks(const std::string& agent) {
    const auto* workload = silence.ends(agent) ? policies.workload(agent) : nullptr;
    if (!workload)
        return;
    if (const auto computed = fleets.hide(*workload, false))
        fleets.send(*computed, pending());
    else
        spdlog::error("{} is not back in its peers' policy, restart the controller: {}", agent,
                      computed.error().message);
}

} // namespace ringwall::core
