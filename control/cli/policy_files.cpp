#include "control/cli/policy_files.h"

#include <algorithm>

#include "control/compute/compute.h"
#include "control/policy/load.h"

namespace ringwall::cli {

Result<model::Policy> load_policy(const std::string& path) {
    auto policy = policy::load(path);
    if (policy)
        return std::move(*policy);
    std::string all;
    for (const auto& problem : policy.error())
        all += (all.empty() ? "" : "\n") + policy::line(problem);
    return std::unexpected(Error{Exit::invalid, std::move(all)});
}

Result<v1::Snapshot> compile_for(const model::Policy& policy, const std::string& name) {
    const auto* workload = find_workload(policy, name);
    const auto host = workload && !workload->host.empty() ? workload->host
                      : workload                          ? workload->name
                                                          : name;
    auto snapshot = compute::snapshot(policy, host, 1);
    if (snapshot)
        return std::move(*snapshot);
    const auto code = snapshot.error().code;
    return std::unexpected(Error{code == compute::Errc::invalid_policy     ? Exit::invalid
                                 : code == compute::Errc::unknown_workload ? Exit::not_found
                                                                           : Exit::failed,
                                 snapshot.error().message});
}

const model::Workload* find_workload(const model::Policy& policy, const std::string& who) {
    if (const auto* named = policy.workload(who))
        return named;
    const auto address = Address::parse(who);
    if (!address)
        return nullptr;
    for (const auto& workload : policy.workloads)
        if (std::ranges::find(workload.addresses, *address) != workload.addresses.end())
            return &workload;
    return nullptr;
}

} // namespace ringwall::cli
