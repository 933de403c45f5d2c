#include "control/compute/fleet_change.h"

#include <algorithm>

#include "control/compute/fleet_program.h"
#include "control/compute/wire.h"

namespace ringwall::compute {

v1::Subject SubjectState::wire() const {
    v1::Subject out;
    out.set_workload(workload->name);
    out.set_identity(identity);
    out.set_mode(compute::wire(workload->mode));
    out.set_cgroup(workload->cgroup);
    for (const auto& program : rules->programs)
        program->write(out);
    for (const Address& address : workload->addresses)
        out.add_addresses(compute::wire(address));
    return out;
}

bool SubjectState::same(const SubjectState& other) const {
    const model::Workload &a = *workload, &b = *other.workload;
    return identity == other.identity && rules == other.rules && a.name == b.name &&
           a.mode == b.mode && a.cgroup == b.cgroup && a.addresses == b.addresses;
}

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
