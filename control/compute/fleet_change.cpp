#include "control/compute/fleet_change.h"

#include <algorithm>

namespace ringwall::compute {

void Change::each_host(const std::function<void(const HostChange&)>& visit) const {
    for (const HostChange& host : hosts)
        visit(host);
    for (const AlikeChange& same : alike)
        for (const auto& workload : *same.hosts)
            if (!excepted.contains(workload->name))
                visit({workload->name, same.policy, same.inventory});
}

std::vector<std::string> Change::with_other_policy() const {
    std::vector<std::string> out;
    each_host([&](const HostChange& host) {
        if (host.policy)
            out.push_back(host.host);
    });
    std::ranges::sort(out);
    return out;
}

void Change::except(const std::set<std::string>& names) {
    std::erase_if(hosts, [&](const HostChange& host) { return names.contains(host.host); });
    excepted.insert(names.begin(), names.end());
}

} // namespace ringwall::compute
