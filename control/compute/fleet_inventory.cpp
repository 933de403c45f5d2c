#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "control/compute/fleet_glance.h"
#include "control/compute/fleet_state.h"
#include "control/compute/wire.h"

namespace ringwall::compute {
namespace {

v1::AddressOwner owner(const RowKey& key, const Row& row) {
    v1::AddressOwner out;
    out.set_address(wire(key.first));
    out.set_host(key.second);
    out.mutable_identities()->Assign(row.identities.begin(), row.identities.end());
    out.mutable_workloads()->Assign(row.workloads.begin(), row.workloads.end());
    return out;
}

} // namespace

v1::Identity Fleet::State::row_of(std::uint32_t identity) const {
    const IdentityKey& key = identities_.key(identity);
    v1::Identity out;
    out.set_id(identity);
    for (const auto& [label, value] : key.labels)
        (*out.mutable_labels())[label] = value;
    out.set_workload(key.workload);
    out.set_managed(key.managed);
    return out;
}

View Fleet::State::view_of(std::uint32_t subject) const {
    if (inventory_ == Inventory::all)
        return {identities_.live(), identities_.moves()};
    return subjects_.sight(subject);
}

View Fleet::State::view_of(const Host& before, const Host& now, Sight& shared) const {
    if (inventory_ == Inventory::all)
        return {identities_.live(), identities_.moves()};
    if (before.size() == 1 && now.size() == 1 && before[0].identity == now[0].identity)
        return subjects_.sight(now[0].identity);
    Bitmap had;
    for (const SubjectState& subject : before) {
        const View view = subjects_.sight(subject.identity);
        Bitmap own = view.now;
        for (const std::uint32_t identity : view.moves.gained)
            own.remove(identity);
        for (const std::uint32_t identity : view.moves.lost)
            own.add(identity);
        had |= own;
    }
    for (const SubjectState& subject : now)
        shared.now |= subjects_.sight(subject.identity).now;
    shared.moves.become(had, shared.now);
    return {shared.now, shared.moves};
}

// Who is not involved comes into sight or leaves it only when the host's own rules are others.
bool Fleet::State::has_other_rules(const View& view) const {
    const auto is_other = [&](std::uint32_t identity) { return !involved_.contains(identity); };
    return std::ranges::any_of(view.moves.gained, is_other) ||
           std::ranges::any_of(view.moves.lost, is_other);
}

// Identities by which views may differ in what a change means to them: those that came or went, the
// owners of addresses that changed hands, and who shares an address with one of these.
Bitmap Fleet::State::involved() const {
    Bitmap core;
    for (const NumberSet* moved : {&identities_.moves().gained, &identities_.moves().lost})
        for (const std::uint32_t identity : *moved)
            core.add(identity);
    for (const auto& [key, row] : touched_->all())
        for (const NumberSet* owners : {&row.before, &row.now})
            for (const std::uint32_t identity : *owners)
                core.add(identity);
    Bitmap out = core;
    for (const std::uint32_t identity : core.numbers())
        for (const RowKey& key : members_.shared_rows_of(identity))
            for (const std::uint32_t sharing : members_.owners(key))
                out.add(sharing);
    return out;
}

// Hosts that see the same of the identities involved get the same, unless they have addresses of a
// realm of their own, or other rules.
std::optional<InventoryChange> Fleet::State::inventory_change(const std::string& name,
                                                              const View& view) {
    if (local_.contains(name) || members_.with_local_rows().contains(name))
        return Glance(*touched_, view, &name).change({});
    const auto seen = intersection(involved_, view.now).numbers();
    const auto look = [&] { return Glance(*touched_, view, nullptr).change(seen); };
    if (has_other_rules(view))
        return look();
    const Memo::key_type key{seen, view.moves.gained, view.moves.lost};
    const auto known = memo_.find(key);
    return known != memo_.end() ? known->second : memo_.emplace(key, look()).first->second;
}

std::expected<const std::string*, Error> Fleet::State::find_host(std::string_view name) const {
    const Member* member = members_.find(name);
    if (!member)
        return std::unexpected(Error{
            Errc::unknown_workload,
            fmt::format("the fleet has no workload \"{}\"; add one or give another name", name)});
    const model::Workload& workload = *member->workload;
    if (!runs_agent(workload))
        return std::unexpected(Error{
            Errc::not_a_host,
            fmt::format("{}: workload \"{}\" {}, so no agent can run as it; give the name of a "
                        "managed workload without cgroup",
                        workload.place.text(), name,
                        workload.managed ? "is a subject inside host \"" + workload.host + "\""
                                         : "is unmanaged")});
    return &workload.name;
}

std::expected<v1::Inventory, Error> Fleet::State::inventory(std::string_view name) const {
    const auto host = find_host(name);
    if (!host)
        return std::unexpected(host.error());
    const Host now = host_now(**host);
    Sight shared;
    const Bitmap& sight = view_of(now, now, shared).now;
    std::set<Address> addresses;
    for (const std::uint32_t identity : sight.numbers())
        for (const RowKey& key : members_.rows_of(identity))
            if (key.second.empty() || key.second == name)
                addresses.insert(key.first);
    v1::Inventory out;
    out.set_revision(revision);
    Bitmap identities = sight;
    for (const Address& address : addresses)
        for (const auto& realm : {std::string(), std::string(name)}) {
            const RowKey key{address, realm};
            const Row row = members_.row(key);
            for (const std::uint32_t identity : row.identities)
                identities.add(identity);
            if (row.exists())
                *out.add_addresses() = owner(key, row);
        }
    for (const std::uint32_t identity : identities.numbers())
        *out.add_identities() = row_of(identity);
    return out;
}

} // namespace ringwall::compute
