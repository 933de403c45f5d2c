#include <algorithm>
#include <map>
#include <set>

#include "agent/applied.h"

namespace ringwall::agent {
namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

void sort_unique(auto& values) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Makes one step. A rule set is *kept* (it goes on, perhaps for peers it has not met), *made* (new
// id) or *dying*. While made and dying ones live side by side, a peer id carries two memberships:
// in dying sets it has the class of what its addresses were, in all others of what they become.
class Planner {
  public:
    Planner(const Applied& now, Desired desired, Interner& interner, Ids& ids,
            const std::map<std::uint64_t, std::string>& containers)
        : x_now(now), x_desired(std::move(desired)), x_interner(interner), x_ids(ids),
          x_containers(containers) {}

    Step plan() {
        find_address_changes();
        plan_subjects();
        plan_addresses();
        write_classes();
        write_entries();
        x_delta.raise_generation = x_raise || narrows();
        finish();
        return std::move(x_step);
    }

  private:
    struct Change {
        const EnforcedSubject* before = nullptr; // null: the subject is new
        std::shared_ptr<RuleSet> after;
        std::shared_ptr<const Definition> old_definition; // of a kept rule set
    };

    // ---- subjects

    void find_address_changes() {
        compare(x_now.table, x_desired.table, [&](const AddressChange& change) {
            x_pairs.emplace_back(change.old_membership, change.new_membership);
        });
        x_pairs.emplace_back(0, 0);
        sort_unique(x_pairs);
        x_addresses_change = std::ranges::any_of(
            x_pairs, [](const auto& pair) { return pair.first != pair.second; });
    }

    void plan_subjects() {
        find_claimed();
        Applied& next = x_step.next;
        for (const Desired::Subject& subject : x_desired.subjects) {
            const auto found = x_now.subjects.find(subject.workload);
            const auto* before = found == x_now.subjects.end() ? nullptr : &found->second;
            EnforcedSubject after{subject.row, subject.identity, rules_for(subject, before)};
            after.row.id = before ? before->row.id : new_subject_id(subject.workload);
            after.row.rule_set = after.rules->id();
            note_subject(before, after.row);
            next.subjects.emplace(subject.workload, std::move(after));
        }
        for (const auto& [workload, subject] : x_now.subjects)
            if (!next.subjects.contains(workload)) {
                x_delta.removed_subjects.push_back(subject.row.id);
                touch(subject.rules);
                x_dying.push_back(subject.rules);
                x_raise = true;
            }
        for (const std::uint32_t orphan : x_now.orphans)
            if (std::ranges::none_of(next.subjects, [&](const auto& subject) {
                    return subject.second.row.id == orphan;
                }))
                x_delta.removed_subjects.push_back(orphan);
    }

    std::uint32_t new_subject_id(const std::string& workload) const {
        std::set<std::uint32_t> taken;
        for (const auto* subjects : {&x_now.subjects, &x_step.next.subjects})
            for (const auto& [other, subject] : *subjects)
                taken.insert(subject.row.id);
        return subject_id(workload, taken);
    }

    // Addresses with several claims, which may need combinations of selectors.
    void find_claimed() {
        std::set<std::uint32_t> seen;
        for (const AddressRow& row : x_desired.table)
            if (x_interner.membership_of(row.membership).identities.size() > 1)
                seen.insert(row.membership);
        x_claimed.assign(seen.begin(), seen.end());
    }

    std::vector<Signature> claimed_signatures(const Definition& definition) const {
        std::vector<Signature> out;
        for (const std::uint32_t membership : x_claimed)
            out.push_back(definition.signature(x_interner.membership_of(membership)));
        return out;
    }

    // A mode that changes together with addresses needs a new rule set: otherwise the old mode
    // would for a moment meet the new addresses.
    bool can_go_on(const EnforcedSubject& before, const Desired::Subject& subject) const {
        const Definition& wanted = *subject.definition;
        if (x_now.unsure || (x_addresses_change && subject.row.mode != before.row.mode))
            return false;
        if (!wanted.continues(before.rules->definition(), x_now.identities, x_desired.identities))
            return false;
        return std::ranges::all_of(claimed_signatures(wanted), [&](const Signature& signature) {
            return before.rules->exact_for(signature);
        });
    }

    std::shared_ptr<RuleSet> rules_for(const Desired::Subject& subject,
                                       const EnforcedSubject* before) {
        if (before)
            touch(before->rules);
        if (before && can_go_on(*before, subject)) {
            x_changes.push_back({before, before->rules, before->rules->shared_definition()});
            before->rules->continue_with(subject.definition);
            return before->rules;
        }
        if (before)
            x_dying.push_back(before->rules);
        auto made = std::make_shared<RuleSet>(++x_ids.rule_set, subject.definition, x_ids,
                                              claimed_signatures(*subject.definition));
        x_made.push_back(made);
        x_changes.push_back({before, made, nullptr});
        return made;
    }

    void touch(const std::shared_ptr<RuleSet>& rules) {
        x_step.touched.push_back({rules, rules->mark(), rules->shared_definition()});
    }

    void note_subject(const EnforcedSubject* before, const loader::Subject& after) {
        const auto same_place = [&](const loader::Subject& old) {
            return old.cgroup == after.cgroup && old.root.user_ns == after.root.user_ns &&
                   old.root.device == after.root.device && old.root.inode == after.root.inode;
        };
        x_raise |= !before || !same_place(before->row) || after.mode > before->row.mode;
        if (x_now.unsure || !before || !same_place(before->row) || after.mode != before->row.mode ||
            after.rule_set != before->row.rule_set || after.local != before->row.local ||
            after.loopback_events != before->row.loopback_events)
            x_delta.subjects.push_back(after);
    }

    // ---- addresses

    void plan_addresses() {
        x_by_membership = x_now.peers;
        std::ranges::sort(x_by_membership, {},
                          [](const auto& p) { return std::pair(p.second, p.first); });
        AddressTable& next = x_step.next.table;
        next = std::move(x_desired.table);
        compare(x_now.table, next, [&](const AddressChange& change) {
            const bool same =
                !x_now.unsure && change.before && change.old_membership == change.new_membership;
            const std::uint32_t peer =
                same ? change.before->peer : peer_for(change.old_membership, change.new_membership);
            if (change.after)
                next[static_cast<std::size_t>(change.after - next.data())].peer = peer;
            else
                x_delta.removed_peers.push_back(change.prefix);
            if (!same)
                x_delta.peers.push_back({change.prefix, peer});
            x_used.push_back(peer);
        });
        sort_unique(x_used);
        const auto longest_first = [](const loader::PeerRow& row) {
            const Prefix& prefix = row.prefix;
            return std::pair(-prefix.length - (prefix.address.is_v4() ? 96 : 0), prefix);
        };
        std::ranges::sort(x_delta.peers, {}, longest_first);
        list_peers();
    }

    // Does a peer that dying sets take for `is` serve addresses that they have to take for
    // `wanted`?
    bool serves(std::uint32_t is, std::uint32_t wanted) {
        return is == wanted || std::ranges::all_of(x_dying, [&](const auto& rules) {
                   return rules->classify(x_interner.membership_of(is), x_ids).id ==
                          rules->classify(x_interner.membership_of(wanted), x_ids).id;
               });
    }

    std::uint32_t peer_for(std::uint32_t was, std::uint32_t becomes) {
        const auto [known, added] = x_chosen.try_emplace({was, becomes});
        if (!added)
            return known->second;
        if (!x_now.unsure) {
            const auto live = std::ranges::equal_range(x_by_membership, becomes, {},
                                                       [](const auto& p) { return p.second; });
            if (!live.empty() && serves(becomes, was))
                return known->second = live.front().first;
        }
        for (const auto& other : x_new_peers[becomes])
            if (serves(other.second, was))
                return known->second = other.first;
        known->second = ++x_ids.peer;
        x_new_peers[becomes].emplace_back(known->second, was);
        return known->second;
    }

    void list_peers() {
        auto& peers = x_step.next.peers;
        for (const AddressRow& row : x_step.next.table)
            peers.emplace_back(row.peer, row.membership);
        sort_unique(peers);
        peers.shrink_to_fit();
        const auto dead = [&](std::uint32_t peer) {
            const auto found = std::ranges::lower_bound(
                peers, peer, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
            return found == peers.end() || found->first != peer;
        };
        for (const auto& [peer, membership] : x_now.peers)
            if (dead(peer))
                x_delta.dead_peers.push_back(peer);
        for (const auto& [membership, made] : x_new_peers)
            for (const auto& [peer, was] : made)
                if (dead(peer))
                    x_delta.dead_peers.push_back(peer);
        std::ranges::sort(x_delta.dead_peers);
    }

    // ---- rows

    void write_classes() {
        for (const auto& [becomes, made] : x_new_peers)
            for (const auto& [peer, was] : made) {
                for (const auto& rules : x_dying)
                    write_class(*rules, peer, was);
                for (const auto& change : x_changes)
                    write_class(*change.after, peer, becomes);
            }
        if (x_made.empty())
            return;
        for (const auto& [peer, membership] : x_now.peers)
            if (std::ranges::binary_search(x_used, peer))
                for (const auto& rules : x_made)
                    write_class(*rules, peer, membership);
    }

    void write_class(RuleSet& rules, std::uint32_t peer, std::uint32_t membership) {
        const auto cls = rules.classify(x_interner.membership_of(membership), x_ids);
        if (cls.id != rules.unknown().id)
            x_delta.classes.push_back({rules.id(), peer, cls});
    }

    void write_entries() {
        const auto take = [&](RuleSet& rules) {
            const auto rows = rules.take_entries();
            x_delta.entries.insert(x_delta.entries.end(), rows.begin(), rows.end());
        };
        for (const auto& touched : x_step.touched)
            take(*touched.rules);
        for (const auto& rules : x_made) {
            take(*rules);
            x_delta.rule_sets.push_back(rules->row());
            const auto append = [&](const std::vector<loader::AttributeRow>& rows) {
                x_delta.attributes.insert(x_delta.attributes.end(), rows.begin(), rows.end());
            };
            append(rules->attributes());
            append(rules->container_rows(x_containers));
        }
        for (const auto& rules : x_dying)
            x_delta.dead_rule_sets.push_back(rules->id());
    }

    // ---- generation

    // May anything that passes now be denied afterwards?
    bool narrows() {
        return std::ranges::any_of(
            x_changes, [&](const Change& change) { return change.before && narrows(change); });
    }

    bool narrows(const Change& change) const {
        const bool kept = change.old_definition != nullptr;
        const Definition& old = kept ? *change.old_definition : change.before->rules->definition();
        const Definition& now = change.after->definition();
        std::map<std::pair<Signature, Signature>, bool> known;
        for (const auto& [was, becomes] : x_pairs) {
            if (kept && was == becomes)
                continue;
            const Signature before = old.signature(x_interner.membership_of(was));
            const Signature after = now.signature(x_interner.membership_of(becomes));
            const auto [found, added] = known.try_emplace({before, after});
            if (added)
                found->second = (kept && before == after) || widens(old, before, now, after);
            if (!found->second)
                return true;
        }
        return false;
    }

    void finish() {
        Applied& next = x_step.next;
        next.identities = std::move(x_desired.identities);
        next.list_names = std::move(x_desired.list_names);
        next.owners = std::move(x_desired.owners);
        next.missing = std::move(x_desired.missing);
        next.version = x_desired.version;
        next.unsure = false;
        next.retired = x_dying;
        x_delta.policy_version = next.version;
        x_delta.complete = x_now.unsure;
        x_delta.raise_generation |= x_now.unsure;
    }

    const Applied& x_now;
    Desired x_desired;
    Interner& x_interner;
    Ids& x_ids;
    const std::map<std::uint64_t, std::string>& x_containers;
    Step x_step;
    loader::Delta& x_delta = x_step.delta;
    bool x_raise = false;
    std::vector<std::uint32_t> x_claimed; // memberships
    std::vector<Change> x_changes;        // one per subject of the next state
    std::vector<std::shared_ptr<RuleSet>> x_made, x_dying;
    Pairs x_pairs; // memberships of some address: was, becomes
    bool x_addresses_change = false;
    Pairs x_by_membership; // live peers and their memberships
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> x_chosen;
    // By what they become: peers made in this step, and what their addresses were.
    std::map<std::uint32_t, Pairs> x_new_peers;
    std::vector<std::uint32_t> x_used; // peers that some address has during or after the step
};

} // namespace

std::uint32_t subject_id(std::string_view workload, const std::set<std::uint32_t>& taken) {
    std::uint32_t id = 0x811c9dc5;
    for (const char c : workload)
        id = (id ^ static_cast<unsigned char>(c)) * 0x01000193;
    while (id == 0 || taken.contains(id))
        ++id;
    return id;
}

Step plan_step(const Applied& now, Desired desired, Interner& interner, Ids& ids,
               const std::map<std::uint64_t, std::string>& containers) {
    return Planner(now, std::move(desired), interner, ids, containers).plan();
}

} // namespace ringwall::agent
