#include "control/history/label_judge.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "control/history/parties.h"
#include "control/model/select.h"

namespace ringwall::history {
namespace {

using flowmap::Kind;

// fd52:7767::/32, of the private use that RFC 4193 leaves to everybody: no address list has it by
// accident.
Address made_up(std::uint32_t number) {
    Address out;
    out.bytes = {0xfd, 0x52, 0x77, 0x67};
    for (int i = 0; i < 4; ++i)
        out.bytes[15 - static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> 8 * i);
    return out;
}

Address in_list(const model::AddressList& list) {
    for (const auto& range : list.ranges)
        for (const auto& address : {range.first, range.last})
            if (model::contains(list, address))
                return address;
    return list.ranges.empty() ? Address{} : list.ranges.front().first;
}

// Workloads that stand for all that have their labels, with one of the real addresses where there
// is one that nobody else stands at.
class Cast {
  public:
    explicit Cast(const model::Policy& policy) : real_(policy) {
        out_.services = policy.services;
        out_.lists = policy.lists;
        out_.groups = policy.groups;
        out_.rule_sets = policy.rule_sets;
        add_named();
        for (const auto& workload : policy.workloads)
            if (auto& same = addresses_[workload.labels];
                workload.realm == model::Realm::routable && same.size() < tried)
                same.insert(same.end(), workload.addresses.begin(), workload.addresses.end());
        for (const auto& workload : policy.workloads)
            of(workload.labels, workload.managed); // else an allow may seem to have nobody to judge
    }

    const model::Workload& of(const model::Labels& labels, bool managed) {
        const auto [known, fresh] = known_.try_emplace({labels, managed}, out_.workloads.size());
        if (fresh) {
            model::Workload stand;
            stand.name = fmt::format("recorded-{}", out_.workloads.size());
            stand.labels = labels;
            stand.managed = managed;
            stand.mode = model::Mode::full;
            stand.addresses = {address_for(labels)};
            out_.workloads.push_back(std::move(stand));
        }
        return out_.workloads[known->second];
    }
    bool is_named(const model::Labels& labels) const { return named_.contains(labels); }
    const model::Policy& policy() const { return out_; }

  private:
    // A rule that names a workload has to find it, and the host that it runs on.
    void add_named() {
        std::set<std::string> names;
        for (const auto& set : real_.rule_sets)
            for (const auto& rule : set.rules)
                model::add_named(rule, names);
        for (const auto& name : std::set(names))
            if (const auto* workload = real_.workload(name); workload && !workload->host.empty())
                names.insert(workload->host);
        for (const auto& name : names)
            if (const auto* workload = real_.workload(name)) {
                out_.workloads.push_back(*workload);
                named_.insert(workload->labels);
                taken_.insert(workload->addresses.begin(), workload->addresses.end());
            }
    }
    Address address_for(const model::Labels& labels) {
        for (const Address& address : addresses_[labels])
            if (taken_.insert(address).second)
                return address;
        return made_up(static_cast<std::uint32_t>(out_.workloads.size()));
    }

    static constexpr std::size_t tried = 8; // addresses, to find one that is not taken

    const model::Policy& real_;
    model::Policy out_;
    std::map<model::Labels, std::vector<Address>> addresses_;
    std::map<std::pair<model::Labels, bool>, std::size_t> known_;
    std::set<model::Labels> named_;
    std::set<Address> taken_;
};

Address outside(const Party& party, const model::Policy& policy) {
    if (party.kind == Kind::list) {
        const auto list = std::ranges::find(policy.lists, party.who, &model::AddressList::name);
        return list == policy.lists.end() ? made_up(0) : in_list(*list);
    }
    const auto prefix = Prefix::parse(party.who);
    if (party.kind == Kind::network && prefix)
        return prefix->address;
    return Address::v4(0xc6336401); // 198.51.100.1, of the documentation's: nobody's
}

} // namespace

std::expected<LabelJudge, std::string> LabelJudge::make(const model::Policy& policy,
                                                        const std::vector<Party>& parties) {
    Cast cast(policy);
    std::map<Party, Stand> stands;
    for (const Party& party : parties) {
        if (party.kind != Kind::workloads) {
            stands[party] = {{}, outside(party, policy), false};
            continue;
        }
        const auto labels = labels_of(party.who);
        const auto& stand = cast.of(labels, party.managed);
        stands[party] = {stand.name, stand.addresses.front(), cast.is_named(labels)};
    }
    auto fleet = compute::Fleet::load(compute::Inventory::visible, cast.policy(), 1, 1);
    if (!fleet)
        return std::unexpected(fleet.error().message);
    LabelJudge out(std::move(*fleet));
    out.stands_ = std::move(stands);
    return out;
}

const v1::Snapshot* LabelJudge::snapshot_of(const std::string& workload) {
    auto& kept = snapshots_[workload];
    if (kept)
        return kept.get();
    auto policy = fleet_.policy(workload);
    auto inventory = fleet_.inventory(workload);
    if (!policy || !inventory)
        return nullptr;
    kept = std::make_unique<v1::Snapshot>();
    kept->set_format(1);
    *kept->mutable_policy() = std::move(*policy);
    *kept->mutable_inventory() = std::move(*inventory);
    return kept.get();
}

void LabelJudge::judge_end(const End& here, const End& there, bool inbound, std::uint8_t protocol,
                           std::uint16_t port, Opinion& out) {
    if (!here.party->managed || here.party->kind != Kind::workloads)
        return;
    const Stand &own = stands_.at(*here.party), &other = stands_.at(*there.party);
    const auto* snapshot = snapshot_of(own.workload);
    const auto* subject = snapshot ? agent::subject_of(*snapshot, own.workload) : nullptr;
    if (!subject)
        return;
    const auto judgement =
        agent::judge(*snapshot, *subject, inbound,
                     {.peer = other.address, .protocol = protocol, .port = port}, here.process);
    out.judged = true;
    out.unsure |= judgement.unsure || own.named || other.named;
    if (out.blocked)
        return; // by the source: it never gets to the destination
    out.blocked = judgement.verdict != "allowed";
    out.inbound = inbound;
    out.rule = judgement.rules.empty() ? "" : judgement.rules.front();
    out.reason = judgement.reason;
}

Opinion LabelJudge::judge(const End& source, const End& destination, std::uint8_t protocol,
                          std::uint16_t port) {
    Opinion out;
    judge_end(source, destination, false, protocol, port, out);
    judge_end(destination, source, true, protocol, port, out);
    return out;
}

} // namespace ringwall::history
