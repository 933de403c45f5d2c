// Workloads that look alike to every rule of a policy, and the rules of each. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ip.h"
#include "control/compute/fleet.h"
#include "control/model/model.h"

namespace ringwall::history {

struct Cohort {
    std::uint32_t identity = 0; // whose rules its agent has
    bool managed = false;
    // As its peers see it: identities at its address, sorted, and the lists that have it. What has
    // no address of its own beyond its host is seen as the host.
    std::vector<std::uint32_t> seen;
    std::vector<std::string> lists;
    Address address; // of one of them
};
using CohortId = std::uint32_t; // place in Cohorts::all()

class Cohorts {
  public:
    // `policy` outlives it. Error: the sentence why it does not compile.
    static std::expected<Cohorts, std::string> of(const model::Policy& policy);

    const std::vector<Cohort>& all() const { return all_; }
    CohortId of_workload(std::size_t place) const { return of_[place]; } // in policy.workloads
    // Cohorts whose peers see this identity or list.
    const std::vector<CohortId>& seen(std::uint32_t identity) const;
    const std::vector<CohortId>& on(const std::string& list) const;
    // One subject with the rules of an identity, and the lists that they name. Empty for those
    // without an agent.
    v1::Policy rules(std::uint32_t identity) const;

  private:
    struct Builder;
    explicit Cohorts(compute::Fleet fleet) : fleet_(std::move(fleet)) {}

    compute::Fleet fleet_;
    std::vector<Cohort> all_;
    std::vector<CohortId> of_;
    std::unordered_map<std::uint32_t, const model::Workload*> examples_; // managed, by identity
    std::unordered_map<std::uint32_t, std::vector<CohortId>> by_identity_;
    std::map<std::string, std::vector<CohortId>> by_list_;
};

} // namespace ringwall::history
