#include "agent/enforcer.h"

#include <algorithm>
#include <optional>

#include "agent/applied.h"

namespace ringwall::agent {
namespace {

// What an agent before us left in adopted maps, as far as its last snapshot explains it.
Applied adopt(const LiveView& live, const v1::Snapshot* last_good, Interner& interner, Ids& ids,
              const NodeContext& node) {
    Applied out;
    auto old = last_good ? read_snapshot(*last_good, interner, node) : Result<Desired>(Desired{});
    if (!old)
        old = Desired{};
    std::set<std::uint32_t> taken;
    for (const Desired::Subject& subject : old->subjects) {
        const std::uint32_t id = subject_id(subject.workload, taken);
        taken.insert(id);
        const auto found = live.subjects.find(id);
        if (found == live.subjects.end())
            continue;
        EnforcedSubject enforced{subject.row, subject.identity, nullptr, nullptr};
        enforced.row.id = found->first;
        enforced.row.mode = found->second.mode;
        enforced.row.rule_set = found->second.rule_set;
        std::vector<Signature> claimed;
        for (const AddressRow& row : old->table)
            if (const auto& m = interner.membership_of(row.membership); m.identities.size() > 1)
                claimed.push_back(subject.definition->signature(m));
        enforced.rules =
            std::make_shared<RuleSet>(enforced.row.rule_set, subject.definition, ids, claimed);
        out.subjects.emplace(subject.workload, std::move(enforced));
    }
    for (const auto& [id, subject] : live.subjects)
        if (std::ranges::none_of(out.subjects,
                                 [&](const auto& known) { return known.second.row.id == id; }))
            out.orphans.push_back(id);
    AddressTable table;
    for (const auto& [prefix, peer] : live.peers)
        table.push_back({prefix, 0, peer});
    std::ranges::sort(table, in_order, &AddressRow::prefix);
    compare(table, old->table, [&](const AddressChange& change) {
        if (change.before)
            table[static_cast<std::size_t>(change.before - table.data())].membership =
                change.new_membership;
    });
    out.table = std::move(table);
    out.identities = std::move(old->identities);
    out.numbers = std::move(old->numbers);
    return out;
}

} // namespace

struct Enforcer::State {
    NodeContext node;
    Interner interner;
    Ids ids;
    Applied now;
    std::optional<Step> pending;
    std::map<std::uint64_t, std::string> containers;

    const EnforcedSubject* subject(std::uint32_t id) const {
        for (const auto& [workload, subject] : now.subjects)
            if (subject.row.id == id)
                return &subject;
        return nullptr;
    }

    const RuleSet* rule_set(std::uint32_t id) const {
        for (const auto& [workload, subject] : now.subjects)
            for (const auto* rules : {subject.rules.get(), subject.staged.get()})
                if (rules && rules->id() == id)
                    return rules;
        const auto retired = std::ranges::find(now.retired, id, &RuleSet::id);
        return retired == now.retired.end() ? nullptr : retired->get();
    }

    std::uint32_t membership(std::uint32_t peer, const Address& address) const {
        const auto known = std::ranges::lower_bound(now.peers, std::pair(peer, std::uint32_t{0}));
        if (peer != 0 && known != now.peers.end() && known->first == peer)
            return known->second;
        const AddressRow* row = find(now.table, address);
        return row ? row->membership : 0;
    }

    // As the snapshot numbers it; 0: it is not in the snapshot any more.
    std::uint32_t number(std::uint32_t identity) const {
        const auto known =
            std::ranges::lower_bound(now.numbers, std::pair(identity, std::uint32_t{0}));
        return known != now.numbers.end() && known->first == identity ? known->second : 0;
    }

    void explain_peer(std::uint32_t peer, const Address& address, Explanation& out) const {
        const Membership& who = interner.membership_of(membership(peer, address));
        out.peer_workloads = now.owners->of(address);
        out.peer_known = out.peer_managed = !who.identities.empty();
        for (const std::uint32_t id : who.identities) {
            out.peer_labels.push_back(interner.identity_of(id).labels);
            if (const auto known = number(id))
                out.peer_identities.push_back(known);
            out.peer_managed &= interner.identity_of(id).managed;
        }
        for (const std::uint32_t list : who.lists)
            if (const auto names = now.list_names.find(list); names != now.list_names.end())
                out.peer_lists.insert(out.peer_lists.end(), names->second.begin(),
                                      names->second.end());
        std::ranges::sort(out.peer_lists);
    }
};

LiveView live_view(const loader::Datapath& datapath, loader::Datapath::Highest highest) {
    if (!datapath.adopted())
        return {};
    return {true, highest, datapath.live_subjects(), datapath.live_peers()};
}

Enforcer::Enforcer(NodeContext node, const LiveView& live, const v1::Snapshot* last_good)
    : state_(std::make_unique<State>()) {
    state_->node = std::move(node);
    state_->ids = {live.highest.peer, live.highest.rule_set, live.highest.cls, live.highest.entry};
    if (live.adopted)
        state_->now = adopt(live, last_good, state_->interner, state_->ids, state_->node);
}

Enforcer::~Enforcer() = default;
Enforcer::Enforcer(Enforcer&&) noexcept = default;
Enforcer& Enforcer::operator=(Enforcer&&) noexcept = default;

Result<loader::Delta> Enforcer::plan(const v1::Snapshot& snapshot) {
    if (state_->pending)
        return std::unexpected(
            Error{Errc::pending, "a policy is being applied; wait until that has ended"});
    auto desired = read_snapshot(snapshot, state_->interner, state_->node);
    if (!desired)
        return std::unexpected(desired.error());
    state_->pending = plan_step(state_->now, std::move(*desired), state_->interner, state_->ids,
                                state_->containers);
    return std::exchange(state_->pending->delta, {});
}

void Enforcer::applied() {
    if (state_->pending)
        state_->now = std::move(state_->pending->next);
    state_->pending.reset();
}

void Enforcer::failed() {
    if (!state_->pending)
        return;
    for (const auto& touched : state_->pending->touched) {
        touched.rules->rollback(touched.mark);
        touched.rules->continue_with(touched.definition);
    }
    state_->pending.reset();
}

void Enforcer::distrust() {
    state_->now.unsure = true;
}

loader::Delta Enforcer::set_containers(std::map<std::uint64_t, std::string> containers) {
    std::map<std::uint64_t, std::string> changed;
    for (const auto& [cgroup, name] : containers)
        if (const auto known = state_->containers.find(cgroup);
            known == state_->containers.end() || known->second != name)
            changed.emplace(cgroup, name);
    state_->containers = std::move(containers);
    loader::Delta delta;
    for (const auto& [workload, subject] : state_->now.subjects)
        for (const auto* rules : {subject.rules.get(), subject.staged.get()})
            if (rules)
                for (const auto& row : rules->container_rows(changed))
                    delta.attributes.push_back(row);
    delta.raise_epoch = !delta.attributes.empty();
    delta.policy_version = state_->now.version;
    return delta;
}

const std::vector<std::string>& Enforcer::missing_subjects() const {
    return state_->pending ? state_->pending->next.missing : state_->now.missing;
}

std::uint64_t Enforcer::policy_version() const {
    return state_->now.version;
}

Explanation Enforcer::explain(const loader::Event& event) const {
    Explanation out;
    if (const EnforcedSubject* subject = state_->subject(event.subject)) {
        out.subject_labels = state_->interner.identity_of(subject->identity).labels;
        out.subject_identity = state_->number(subject->identity);
    }
    out.subject = subject_name(event.subject);
    state_->explain_peer(event.peer_id, event.peer, out);
    out.matches = matches(event.rule_set, event.entry, event.sure, event.maybe, event.reason);
    return out;
}

std::vector<Match> Enforcer::matches(std::uint32_t rule_set, std::uint32_t entry,
                                     std::uint64_t sure, std::uint64_t maybe,
                                     std::uint8_t reason) const {
    const RuleSet* rules = state_->rule_set(rule_set);
    if (!rules || entry == 0)
        return {};
    return rules->explain(entry, sure, maybe, reason == loader::reason_allow);
}

std::uint64_t Enforcer::staging() const {
    return state_->now.staging;
}

const std::string& Enforcer::staging_trouble() const {
    return state_->now.staging_trouble;
}

bool Enforcer::is_staged(std::uint32_t rule_set) const {
    return std::ranges::any_of(state_->now.subjects, [&](const auto& subject) {
        return subject.second.row.staged == rule_set && rule_set != 0;
    });
}

Explanation Enforcer::explain_address(const Address& address) const {
    Explanation out;
    state_->explain_peer(0, address, out);
    return out;
}

std::string Enforcer::subject_name(std::uint32_t subject) const {
    for (const auto& [workload, known] : state_->now.subjects)
        if (known.row.id == subject)
            return workload;
    return {};
}

Enforcer::Sizes Enforcer::sizes() const {
    Sizes out{.peers = state_->now.peers.size(), .rule_sets = state_->now.subjects.size()};
    std::vector<std::uint32_t> memberships;
    for (const auto& [peer, membership] : state_->now.peers)
        memberships.push_back(membership);
    std::ranges::sort(memberships);
    out.memberships = static_cast<std::size_t>(std::unique(memberships.begin(), memberships.end()) -
                                               memberships.begin());
    for (const auto& [workload, subject] : state_->now.subjects) {
        out.classes += subject.rules->mark().classes;
        out.entries += subject.rules->mark().entries;
    }
    return out;
}

} // namespace ringwall::agent
