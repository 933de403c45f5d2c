#include "control/history/listening.h"

#include "agent/flows.h"
#include "common/address_bytes.h"

namespace ringwall::history {
namespace {

const std::string none = "-"; // known not to be there: no selector asks for it

bool is_loopback(const Address& address) {
    static const auto v4 = *Prefix::parse("127.0.0.0/8"), v6 = *Prefix::parse("::1");
    return v4.contains(address) || v6.contains(address);
}

// Where the program was found, its unit and container were too. Groups and digests are not
// reported.
agent::ProcessFacts facts_of(const v1::Process& process) {
    agent::ProcessFacts out{.path = process.path(),
                            .unit = process.unit(),
                            .container = process.container(),
                            .user = process.user(),
                            .group = {},
                            .sha256 = {}};
    if (out.path.empty())
        return out;
    for (auto* part : {&out.unit, &out.container})
        if (part->empty())
            *part = none;
    return out;
}

// Hosts and what is inside them: names of workloads by the name of their agent.
std::map<std::string, std::vector<std::string>>
by_agent(const std::vector<model::Workload>& workloads) {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& workload : workloads)
        if (workload.managed)
            out[workload.cgroup.empty() ? workload.name : workload.host].push_back(workload.name);
    return out;
}

} // namespace

Heard heard(const std::vector<model::Workload>& workloads, const std::vector<Report>& reports) {
    const auto known = by_agent(workloads);
    Heard out;
    for (const auto& [agent, report] : reports) {
        const auto inside = known.find(agent);
        if (!report || inside == known.end())
            continue;
        for (const auto& name : inside->second)
            out[name];
        for (const auto& listener : report->listeners()) {
            const auto address = address_from_bytes(listener.address());
            if (address && is_loopback(*address))
                continue;
            const auto place = out.find(listener.subject().empty() ? agent : listener.subject());
            auto& listening = place == out.end() ? out[agent] : place->second;
            listening.push_back({static_cast<std::uint8_t>(listener.protocol()),
                                 static_cast<std::uint16_t>(listener.port()),
                                 facts_of(listener.process())});
        }
    }
    return out;
}

std::string shown(const agent::ProcessFacts& process) {
    if (auto unit = agent::unit_name(process.unit); !unit.empty())
        return unit.substr(0, unit.rfind('.'));
    if (!process.container.empty() && process.container != none)
        return process.container;
    return process.path.substr(process.path.rfind('/') + 1);
}

} // namespace ringwall::history
