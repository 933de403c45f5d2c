// Distinct label sets of a policy's workloads, numbered, and who among them a selector means.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/model/model.h"

namespace ringwall::compute {

struct Identity {
    const model::Labels* labels = nullptr;
    bool managed = false;
    std::string workload; // set for a workload that some rule names
};

class Identities {
  public:
    explicit Identities(const model::Policy& policy);

    // Numbered 1.. in the order of labels, managed, workload name.
    const std::vector<Identity>& all() const { return all_; } // index = number - 1
    const Identity& operator[](std::uint32_t number) const { return all_[number - 1]; }
    std::uint32_t of(const model::Workload& workload) const;

    // Sorted. `any` means everybody here too; a list means nobody.
    std::vector<std::uint32_t> select(const model::Selector& selector,
                                      const model::Scope* scope) const;

  private:
    using Posting = std::vector<std::uint32_t>;
    const Posting* candidates(const std::string& key, const std::string& value) const;
    Posting candidates(const model::LabelSelector& selector, const model::Scope* scope) const;

    const model::Policy& policy_;
    std::vector<Identity> all_;
    Posting everybody_;
    std::unordered_map<const model::Workload*, std::uint32_t> of_;
    std::unordered_map<std::string, std::uint32_t> by_name_; // named workloads
    std::map<std::string, std::map<std::string, Posting>> by_label_;
};

} // namespace ringwall::compute
