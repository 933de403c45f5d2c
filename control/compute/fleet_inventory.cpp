#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/compute/fleet_state.h"
#include "control/compute/wire.h"

namespace ringwall::compute {
namespace {

bool sees(const Bitmap& sight, const Row& row) {
    return std::ranges::any_of(row.identities,
                               [&](std::uint32_t identity) { return sight.contains(identity); });
}

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

Fleet::State::View Fleet::State::view_of(const Host& before, const Host& now) const {
    if (inventory_ == Inventory::all)
        return {live_before_, identities_.live()};
    View out;
    for (const SubjectState& subject : before)
        out.before |= subjects_.sight_before(subject.identity);
    for (const SubjectState& subject : now)
        out.now |= subjects_.sight(subject.identity);
    return out;
}

// Addresses whose rows, or whether they are seen, may differ.
std::set<Address> Fleet::State::doubtful(const std::string& name, const View& view) const {
    std::set<Address> out;
    const auto add = [&](const RowKey& key) {
        if (key.second.empty() || key.second == name)
            out.insert(key.first);
    };
    for (const auto& [key, row] : members_.touched())
        add(key);
    Bitmap moved = difference(view.before, view.now);
    moved |= difference(view.now, view.before);
    for (const std::uint32_t identity : moved.numbers())
        for (const RowKey& key : members_.rows_of(identity))
            add(key);
    return out;
}

// Does it claim, beside somebody in sight, an address that is not one of `but`?
bool Fleet::State::claims_elsewhere(std::uint32_t identity, const std::string& name,
                                    const std::set<Address>& but, const Bitmap& sight) const {
    return std::ranges::any_of(members_.rows_of(identity), [&](const RowKey& key) {
        return (key.second.empty() || key.second == name) && !but.contains(key.first) &&
               (sees(sight, members_.row({key.first, {}})) ||
                sees(sight, members_.row({key.first, name})));
    });
}

// Who is not involved comes into sight or leaves it only when the host's own rules are others.
bool Fleet::State::has_other_rules(const View& view) const {
    return !difference(difference(view.before, view.now), involved_).empty() ||
           !difference(difference(view.now, view.before), involved_).empty();
}

InventoryDelta Fleet::State::difference_of(const std::string& name, const View& view) const {
    InventoryDelta out;
    Bitmap had = view.before, has = view.now;
    const std::set<Address> addresses = doubtful(name, view);
    for (const Address& address : addresses) {
        const std::array<RowKey, 2> keys{RowKey{address, {}}, RowKey{address, name}};
        const std::array before{members_.row_before(keys[0]), members_.row_before(keys[1])};
        const std::array now{members_.row(keys[0]), members_.row(keys[1])};
        const bool saw = sees(view.before, before[0]) || sees(view.before, before[1]);
        const bool seen = sees(view.now, now[0]) || sees(view.now, now[1]);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const bool was = saw && before[i].exists(), is = seen && now[i].exists();
            if (is && (!was || before[i] != now[i]))
                out.addresses.push_back(owner(keys[i], now[i]));
            if (was && !is)
                out.removed_addresses.emplace_back(wire(address), keys[i].second);
            for (const std::uint32_t identity : before[i].identities)
                if (saw)
                    had.add(identity);
            for (const std::uint32_t identity : now[i].identities)
                if (seen)
                    has.add(identity);
        }
    }
    for (const std::uint32_t identity : difference(has, had).numbers())
        if (!claims_elsewhere(identity, name, addresses, view.now))
            out.identities.push_back(row_of(identity));
    for (const std::uint32_t identity : difference(had, has).numbers())
        if (!claims_elsewhere(identity, name, addresses, view.now))
            out.removed_identities.push_back(identity);
    out.gains = !out.identities.empty();
    out.loses = !out.removed_identities.empty();
    return out;
}

// Identities by which views may differ in what a change means to them: those that came or went, the
// owners of addresses that changed hands, and who shares an address with one of these.
Bitmap Fleet::State::involved() const {
    Bitmap core = difference(live_before_, identities_.live());
    core |= difference(identities_.live(), live_before_);
    for (const auto& [key, before] : members_.touched())
        for (const Row& row : {before, members_.row(key)})
            for (const std::uint32_t identity : row.identities)
                core.add(identity);
    Bitmap out = core;
    for (const std::uint32_t identity : core.numbers())
        for (const RowKey& key : members_.rows_of(identity))
            for (const std::uint32_t sharing : members_.row(key).identities)
                out.add(sharing);
    return out;
}

// Hosts that see the same of the identities involved get the same, unless they have addresses of a
// realm of their own. Of a host that may have come to see the whole fleet the new inventory is as
// good as any delta.
std::shared_ptr<const InventoryDelta> Fleet::State::inventory_delta(const std::string& name,
                                                                    const View& view) {
    if (has_other_rules(view)) {
        InventoryDelta out;
        out.whole = true;
        out.gains = !difference(view.now, view.before).empty();
        out.loses = !difference(view.before, view.now).empty();
        return std::make_shared<const InventoryDelta>(std::move(out));
    }
    const auto make = [&]() -> std::shared_ptr<const InventoryDelta> {
        auto delta = difference_of(name, view);
        return delta.empty() ? nullptr : std::make_shared<const InventoryDelta>(std::move(delta));
    };
    if (local_.contains(name) || members_.with_local_rows().contains(name))
        return make();
    const Memo::key_type seen{intersection(involved_, view.before).numbers(),
                              intersection(involved_, view.now).numbers()};
    const auto known = memo_.find(seen);
    return known != memo_.end() ? known->second : memo_.emplace(seen, make()).first->second;
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
    const Bitmap sight = view_of(now, now).now;
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
