#include "control/compute/compute.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "control/compute/identities.h"
#include "control/compute/program.h"
#include "control/compute/wire.h"
#include "control/model/validate.h"

namespace ringwall::compute {
namespace {

using model::Workload;

std::expected<void, Error> find_problem(const model::Policy& policy) {
    for (const auto& problem : model::validate(policy))
        if (problem.severity == model::Severity::error)
            return std::unexpected(
                Error{Errc::invalid_policy, problem.place.text() + ": " + problem.message});
    return check(policy);
}

std::expected<const Workload*, Error> find_host(const model::Policy& policy,
                                                std::string_view name) {
    const Workload* host = policy.workload(name);
    if (!host)
        return std::unexpected(Error{
            Errc::unknown_workload,
            fmt::format("the policy has no workload \"{}\"; add one or give another name", name)});
    if (!host->managed || !host->cgroup.empty())
        return std::unexpected(
            Error{Errc::not_a_host,
                  fmt::format("{}: workload \"{}\" {}, so no agent can run as it; give the name of "
                              "a managed workload without cgroup",
                              host->place.text(), name,
                              host->managed ? "is a subject inside host \"" + host->host + "\""
                                            : "is unmanaged")});
    return host;
}

std::vector<const Workload*> subjects_of(const model::Policy& policy, const Workload& host) {
    std::vector<const Workload*> out;
    for (const Workload& workload : policy.workloads)
        if (!workload.cgroup.empty() && workload.managed && workload.host == host.name)
            out.push_back(&workload);
    std::ranges::sort(out, {}, &Workload::name);
    out.insert(out.begin(), &host);
    return out;
}

// Rules of all rule sets by id, so that the numbering downstream follows the ids.
std::vector<std::pair<const model::RuleSet*, const model::Rule*>>
ordered_rules(const model::Policy& policy) {
    std::vector<std::tuple<std::string, const model::RuleSet*, const model::Rule*>> keyed;
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            keyed.emplace_back(set.name + "/" + rule.name, &set, &rule);
    std::ranges::sort(keyed, {}, [](const auto& key) { return std::get<0>(key); });
    std::vector<std::pair<const model::RuleSet*, const model::Rule*>> out;
    for (const auto& [id, set, rule] : keyed)
        out.emplace_back(set, rule);
    return out;
}

void write_subject(const model::Policy& policy, const Identities& identities,
                   const Workload& workload, v1::Subject& out) {
    out.set_workload(workload.name);
    out.set_identity(identities.of(workload));
    out.set_mode(wire(workload.mode));
    out.set_cgroup(workload.cgroup);
    for (const auto& [set, rule] : ordered_rules(policy))
        program(policy, identities, *set, *rule, workload, out);
    for (const Address& address : workload.addresses)
        out.add_addresses(wire(address));
}

void write_lists(const model::Policy& policy, v1::Policy& out) {
    std::set<std::string> used;
    for (const auto& subject : out.subjects())
        for (const auto& rule : subject.rules())
            used.insert(rule.peers().lists().begin(), rule.peers().lists().end());
    for (const auto& name : used)
        *out.add_lists() = wire(*policy.list(name));
}

void write_identities(const Identities& identities, v1::Inventory& out) {
    std::uint32_t number = 0;
    for (const Identity& identity : identities.all()) {
        v1::Identity& row = *out.add_identities();
        row.set_id(++number);
        for (const auto& [key, value] : *identity.labels)
            (*row.mutable_labels())[key] = value;
        row.set_workload(identity.workload);
        row.set_managed(identity.managed);
    }
}

// Where an address means something: everywhere (""), or on one host only.
std::string realm(const Workload& workload) {
    if (workload.realm == model::Realm::routable)
        return {};
    return workload.host.empty() ? workload.name : workload.host;
}

void write_addresses(const model::Policy& policy, const Identities& identities,
                     const Workload& host, v1::Inventory& out) {
    struct Owner {
        std::set<std::uint32_t> identities;
        std::set<std::string> workloads;
    };
    std::map<std::pair<Address, std::string>, Owner> owners;
    for (const Workload& workload : policy.workloads) {
        const std::string where = realm(workload);
        if (!where.empty() && where != host.name)
            continue;
        for (const Address& address : workload.addresses) {
            Owner& owner = owners[{address, where}];
            owner.identities.insert(identities.of(workload));
            owner.workloads.insert(workload.name);
        }
    }
    for (const auto& [key, owner] : owners) {
        v1::AddressOwner& row = *out.add_addresses();
        row.set_address(wire(key.first));
        row.set_host(key.second);
        row.mutable_identities()->Assign(owner.identities.begin(), owner.identities.end());
        row.mutable_workloads()->Assign(owner.workloads.begin(), owner.workloads.end());
    }
}

} // namespace

std::expected<v1::Snapshot, Error> snapshot(const model::Policy& policy,
                                            std::string_view host_workload, std::uint64_t version) {
    if (auto good = find_problem(policy); !good)
        return std::unexpected(good.error());
    const auto host = find_host(policy, host_workload);
    if (!host)
        return std::unexpected(host.error());
    const Identities identities(policy);
    v1::Snapshot out;
    out.set_format(1);
    out.mutable_policy()->set_version(version);
    for (const Workload* workload : subjects_of(policy, **host))
        write_subject(policy, identities, *workload, *out.mutable_policy()->add_subjects());
    write_lists(policy, *out.mutable_policy());
    out.mutable_inventory()->set_revision(version);
    write_identities(identities, *out.mutable_inventory());
    write_addresses(policy, identities, **host, *out.mutable_inventory());
    return out;
}

} // namespace ringwall::compute
