#include "control/history/groups.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "common/protocol.h"

namespace ringwall::history {
namespace {

constexpr std::uint16_t first_of_its_own = 32768; // Linux gives out ports from here on

double quotient(std::size_t one, std::size_t other) {
    return static_cast<double>(one) / static_cast<double>(other);
}

// Of what is common to what there is together.
double jaccard(double common, double one, double other) {
    const auto all = one + other - common;
    return all > 0 ? common / all : 0;
}

} // namespace

std::string in_words(const Trait& trait) {
    return fmt::format("{} listens on {} {}", trait.program.empty() ? "something" : trait.program,
                       protocol_name(trait.protocol),
                       trait.port == 0 ? "some high port" : std::to_string(trait.port));
}

Groups::Groups(const std::vector<model::Workload>& workloads, const Heard& heard) {
    std::map<Trait, TraitId> known;
    std::map<model::Labels, GroupId> places;
    for (const auto& workload : workloads) {
        const auto found = heard.find(workload.name);
        if (found == heard.end() || found->second.empty())
            continue;
        const auto signature = signature_of(found->second, known);
        const auto [place, fresh] =
            places.try_emplace(workload.labels, static_cast<GroupId>(all_.size()));
        if (fresh)
            all_.push_back({.labels = workload.labels, .traits = {}, .workloads = {}});
        auto& group = all_[place->second];
        ++group.members;
        for (const auto trait : signature)
            ++group.traits[trait];
        group.workloads[signature].push_back(workload.name);
    }
    weigh();
}

Signature Groups::signature_of(const std::vector<Listening>& listening,
                               std::map<Trait, TraitId>& known) {
    Signature out;
    for (const auto& each : listening) {
        const std::uint16_t port = each.port < first_of_its_own ? each.port : 0;
        const auto [place, fresh] = known.try_emplace({shown(each.process), each.protocol, port},
                                                      static_cast<TraitId>(traits_.size()));
        if (fresh)
            traits_.push_back(place->first);
        out.push_back(place->second);
    }
    std::ranges::sort(out);
    const auto twice = std::ranges::unique(out);
    out.erase(twice.begin(), twice.end());
    return out;
}

void Groups::weigh() {
    std::vector<std::size_t> having(traits_.size());
    std::size_t all = 0;
    for (const auto& group : all_) {
        all += group.members;
        for (const auto& [trait, members] : group.traits)
            having[trait] += members;
    }
    for (const auto members : having)
        weights_.push_back(std::log(1 + quotient(all, members)));
    having_.resize(traits_.size());
    for (GroupId id = 0; id < all_.size(); ++id) {
        auto& sum = sums_.emplace_back(0);
        for (const auto& [trait, members] : all_[id].traits) {
            const auto part = quotient(members, all_[id].members);
            having_[trait].emplace_back(id, part);
            sum += weights_[trait] * part;
        }
    }
}

double Groups::sum(const Signature& signature) const {
    double out = 0;
    for (const auto trait : signature)
        out += weights_[trait];
    return out;
}

std::vector<std::pair<GroupId, double>> Groups::like(const Signature& signature,
                                                     double least) const {
    std::vector<double> common(all_.size());
    for (const auto trait : signature)
        for (const auto& [group, part] : having_[trait])
            common[group] += weights_[trait] * part;
    std::vector<std::pair<GroupId, double>> out;
    const auto own = sum(signature);
    for (GroupId id = 0; id < all_.size(); ++id)
        if (const auto score = jaccard(common[id], own, sums_[id]); score >= least)
            out.emplace_back(id, score);
    return out;
}

double Groups::like_others(const Signature& signature, const Group& own) const {
    if (own.members < 2)
        return 0;
    double common = 0, all = 0;
    for (const auto& [trait, members] : own.traits) {
        const bool has = std::ranges::binary_search(signature, trait);
        const auto part = weights_[trait] * quotient(members - has, own.members - 1);
        all += part;
        common += has ? part : 0;
    }
    return jaccard(common, sum(signature), all);
}

double Groups::alike(const Signature& one, const Signature& other) const {
    Signature common;
    std::ranges::set_intersection(one, other, std::back_inserter(common));
    return jaccard(sum(common), sum(one), sum(other));
}

} // namespace ringwall::history
