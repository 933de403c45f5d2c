#include "control/compute/fleet_change.h"

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

bool PolicyDelta::empty() const {
    return subjects.empty() && removed_subjects.empty() && lists.empty() && removed_lists.empty();
}

bool InventoryDelta::empty() const {
    return !whole && identities.empty() && removed_identities.empty() && addresses.empty() &&
           removed_addresses.empty();
}

} // namespace ringwall::compute
