#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/compute/fleet_state.h"
#include "control/compute/wire.h"

namespace ringwall::compute {
namespace {

bool saw(const View& view, const Row& row) {
    return std::ranges::any_of(row.identities,
                               [&](std::uint32_t identity) { return view.had(identity); });
}

bool sees(const View& view, const Row& row) {
    return std::ranges::any_of(row.identities,
                               [&](std::uint32_t identity) { return view.has(identity); });
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

// Addresses whose rows, or whether they are seen, may differ.
std::set<Address> Fleet::State::doubtful(const std::string& name, const View& view) const {
    std::set<Address> out;
    const auto add = [&](const RowKey& key) {
        if (key.second.empty() || key.second == name)
            out.insert(key.first);
    };
    for (const auto& [key, row] : members_.touched())
        add(key);
    for (const NumberSet* moved : {&view.moves.gained, &view.moves.lost})
        for (const std::uint32_t identity : *moved)
            for (const RowKey& key : members_.rows_of(identity))
                add(key);
    return out;
}

// Does it claim, beside somebody in sight, an address that is not one of `but`?
bool Fleet::State::claims_elsewhere(std::uint32_t identity, const std::string& name,
                                    const std::set<Address>& but, const View& view) const {
    return std::ranges::any_of(members_.rows_of(identity), [&](const RowKey& key) {
        return (key.second.empty() || key.second == name) && !but.contains(key.first) &&
               (sees(view, members_.row({key.first, {}})) ||
                sees(view, members_.row({key.first, name})));
    });
}

// Who is not involved comes into sight or leaves it only when the host's own rules are others.
bool Fleet::State::has_other_rules(const View& view) const {
    const auto is_other = [&](std::uint32_t identity) { return !involved_.contains(identity); };
    return std::ranges::any_of(view.moves.gained, is_other) ||
           std::ranges::any_of(view.moves.lost, is_other);
}

InventoryDelta Fleet::State::difference_of(const std::string& name, const View& view) const {
    InventoryDelta out;
    NumberSet before_shown, now_shown; // in sight, or beside somebody in sight
    const std::set<Address> addresses = doubtful(name, view);
    for (const Address& address : addresses) {
        const std::array<RowKey, 2> keys{RowKey{address, {}}, RowKey{address, name}};
        const std::array before{members_.row_before(keys[0]), members_.row_before(keys[1])};
        const std::array now{members_.row(keys[0]), members_.row(keys[1])};
        const bool was_seen = saw(view, before[0]) || saw(view, before[1]);
        const bool is_seen = sees(view, now[0]) || sees(view, now[1]);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const bool was = was_seen && before[i].exists(), is = is_seen && now[i].exists();
            if (is && (!was || before[i] != now[i]))
                out.addresses.push_back(owner(keys[i], now[i]));
            if (was && !is)
                out.removed_addresses.emplace_back(wire(address), keys[i].second);
            if (was_seen)
                before_shown.insert(before[i].identities.begin(), before[i].identities.end());
            if (is_seen)
                now_shown.insert(now[i].identities.begin(), now[i].identities.end());
        }
    }
    const auto is_shown_by_others = [&](std::uint32_t identity) {
        return claims_elsewhere(identity, name, addresses, view);
    };
    NumberSet appear = now_shown, vanish = before_shown;
    appear.insert(view.moves.gained.begin(), view.moves.gained.end());
    vanish.insert(view.moves.lost.begin(), view.moves.lost.end());
    for (const std::uint32_t identity : appear)
        if (!view.had(identity) && !before_shown.contains(identity) &&
            !is_shown_by_others(identity))
            out.identities.push_back(row_of(identity));
    for (const std::uint32_t identity : vanish)
        if (!view.has(identity) && !now_shown.contains(identity) && !is_shown_by_others(identity))
            out.removed_identities.push_back(identity);
    out.gains = !out.identities.empty();
    out.loses = !out.removed_identities.empty();
    return out;
}

// Identities by which views may differ in what a change means to them: those that came or went, the
// owners of addresses that changed hands, and who shares an address with one of these.
Bitmap Fleet::State::involved() const {
    Bitmap core;
    for (const NumberSet* moved : {&identities_.moves().gained, &identities_.moves().lost})
        for (const std::uint32_t identity : *moved)
            core.add(identity);
    for (const auto& [key, before] : members_.touched())
        for (const Row& row : {before, members_.row(key)})
            for (const std::uint32_t identity : row.identities)
                core.add(identity);
    Bitmap out = core;
    for (const std::uint32_t identity : core.numbers())
        for (const RowKey& key : members_.shared_rows_of(identity))
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
        out.gains = !view.moves.gained.empty();
        out.loses = !view.moves.lost.empty();
        return std::make_shared<const InventoryDelta>(std::move(out));
    }
    const auto make = [&]() -> std::shared_ptr<const InventoryDelta> {
        auto delta = difference_of(name, view);
        return delta.empty() ? nullptr : std::make_shared<const InventoryDelta>(std::move(delta));
    };
    if (local_.contains(name) || members_.with_local_rows().contains(name))
        return make();
    Memo::key_type seen{intersection(involved_, view.now).numbers(), view.moves.gained,
                        view.moves.lost};
    const auto known = memo_.find(seen);
    return known != memo_.end() ? known->second
                                : memo_.emplace(std::move(seen), make()).first->second;
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
