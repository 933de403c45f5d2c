// What listens on workloads, compared: groups of the same labels, and how like one of them a
// workload is. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/history/listening.h"
#include "control/model/model.h"

namespace ringwall::history {

// A program that listens. Ports that systems give out by themselves are one, 0.
struct Trait {
    std::string program; // empty: not known
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    auto operator<=>(const Trait&) const = default;
};
std::string in_words(const Trait& trait); // "named listens on udp 53"

using TraitId = std::uint32_t;          // place in Groups::traits()
using Signature = std::vector<TraitId>; // of one workload, ascending
using GroupId = std::uint32_t;          // place in Groups::all()

// Workloads with the same labels on which something listens.
struct Group {
    model::Labels labels;
    std::size_t members = 0;
    std::map<TraitId, std::size_t> traits;                   // members that have it
    std::map<Signature, std::vector<std::string>> workloads; // by what listens
};

class Groups {
  public:
    // Of workloads that were heard of.
    Groups(const std::vector<model::Workload>& workloads, const Heard& heard);

    const std::vector<Group>& all() const { return all_; }
    const std::vector<Trait>& traits() const { return traits_; }
    // The rarer a trait is among all workloads, the more it says.
    double weight(TraitId trait) const { return weights_[trait]; }

    // 0 (nothing in common) to 1: weighted Jaccard of a signature and of how often members of the
    // group have each trait. Those of at least `least`, in the order of groups.
    std::vector<std::pair<GroupId, double>> like(const Signature& signature, double least) const;
    // The same of one group, of which the workload itself is left out.
    double like_others(const Signature& signature, const Group& own) const;
    // Of two workloads.
    double alike(const Signature& one, const Signature& other) const;

  private:
    double sum(const Signature& signature) const;
    Signature signature_of(const std::vector<Listening>& listening,
                           std::map<Trait, TraitId>& known);
    void weigh();

    std::vector<Group> all_;
    std::vector<Trait> traits_;
    std::vector<double> weights_;
    std::vector<std::vector<std::pair<GroupId, double>>> having_; // by trait: groups, which share
    std::vector<double> sums_;                                    // by group
};

} // namespace ringwall::history
