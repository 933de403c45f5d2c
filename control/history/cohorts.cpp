#include "control/history/cohorts.h"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include "control/model/select.h"

namespace ringwall::history {
namespace {

using model::Workload;

std::set<std::string> named_in(const model::Policy& policy) {
    std::set<std::string> out;
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            model::add_named(rule, out);
    return out;
}

std::unordered_map<std::string, const Workload*> by_name(const model::Policy& policy) {
    std::unordered_map<std::string, const Workload*> out;
    for (const auto& workload : policy.workloads)
        out.emplace(workload.name, &workload);
    return out;
}

// 100::/64 of RFC 6666, which nobody routes: where a workload has no address, nor has its host.
Address nowhere(std::uint32_t identity) {
    Address out;
    out.bytes[0] = 1;
    for (std::size_t i = 0; i < 4; ++i)
        out.bytes[15 - i] = static_cast<std::uint8_t>(identity >> 8 * i);
    return out;
}

} // namespace

struct Cohorts::Builder {
    using Numbers = std::map<compute::IdentityKey, std::uint32_t>;

    const model::Policy& policy;
    const Numbers& numbers;
    Cohorts& out;
    const std::set<std::string> named = named_in(policy);
    const std::unordered_map<std::string, const Workload*> names = by_name(policy);
    std::map<Address, std::set<std::uint32_t>> claims; // of routable addresses
    std::map<std::tuple<std::uint32_t, std::vector<std::uint32_t>, std::vector<std::string>>,
             CohortId>
        known;

    std::uint32_t identity(const Workload& workload) const {
        return numbers.at({workload.labels, workload.managed,
                           named.contains(workload.name) ? workload.name : std::string()});
    }

    void claim() {
        for (const auto& workload : policy.workloads)
            if (workload.realm == model::Realm::routable)
                for (const auto& address : workload.addresses)
                    claims[address].insert(identity(workload));
    }

    const Workload& as_seen(const Workload& workload) const {
        const bool own = workload.realm == model::Realm::routable && !workload.addresses.empty();
        const auto host = names.find(workload.host);
        return own || host == names.end() ? workload : *host->second;
    }

    Cohort cohort(const Workload& workload) const {
        const auto& seen = as_seen(workload);
        Cohort cohort{.identity = identity(workload), .managed = workload.managed};
        cohort.address = seen.addresses.empty() ? nowhere(cohort.identity) : seen.addresses.front();
        if (const auto found = claims.find(cohort.address); found != claims.end())
            cohort.seen.assign(found->second.begin(), found->second.end());
        else
            cohort.seen = {identity(seen)};
        for (const auto& list : policy.lists)
            if (model::contains(list, cohort.address))
                cohort.lists.push_back(list.name);
        return cohort;
    }

    void add(const Workload& workload) {
        auto made = cohort(workload);
        const auto [place, fresh] =
            known.try_emplace({made.identity, made.seen, made.lists}, out.all_.size());
        out.of_.push_back(place->second);
        if (!fresh)
            return;
        for (const auto identity : made.seen)
            out.by_identity_[identity].push_back(place->second);
        for (const auto& list : made.lists)
            out.by_list_[list].push_back(place->second);
        if (made.managed)
            out.examples_.try_emplace(made.identity, &workload);
        out.all_.push_back(std::move(made));
    }
};

std::expected<Cohorts, std::string> Cohorts::of(const model::Policy& policy) {
    const auto numbers = std::make_shared<Builder::Numbers>();
    const auto number = [numbers](const compute::IdentityKey& key) {
        return numbers->try_emplace(key, static_cast<std::uint32_t>(numbers->size() + 1))
            .first->second;
    };
    auto fleet = compute::Fleet::load(compute::Inventory::visible, policy, 1, 1, number);
    if (!fleet)
        return std::unexpected(fleet.error().message);
    Cohorts out(std::move(*fleet));
    Builder builder{policy, *numbers, out};
    builder.claim();
    for (const auto& workload : policy.workloads)
        builder.add(workload);
    return out;
}

const std::vector<CohortId>& Cohorts::seen(std::uint32_t identity) const {
    static const std::vector<CohortId> nobody;
    const auto found = by_identity_.find(identity);
    return found == by_identity_.end() ? nobody : found->second;
}

const std::vector<CohortId>& Cohorts::on(const std::string& list) const {
    static const std::vector<CohortId> nobody;
    const auto found = by_list_.find(list);
    return found == by_list_.end() ? nobody : found->second;
}

v1::Policy Cohorts::rules(std::uint32_t identity) const {
    const auto found = examples_.find(identity);
    if (found == examples_.end())
        return {};
    const auto& workload = *found->second;
    auto policy = fleet_.policy(workload.cgroup.empty() ? workload.name : workload.host);
    if (!policy)
        return {};
    v1::Policy out;
    *out.mutable_lists() = policy->lists();
    for (auto& subject : *policy->mutable_subjects())
        if (subject.workload() == workload.name)
            *out.add_subjects() = std::move(subject);
    return out;
}

} // namespace ringwall::history
