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
        : now_(now), desired_(std::move(desired)), interner_(interner), ids_(ids),
          containers_(containers) {}

    Step plan() {
        find_address_changes();
        plan_subjects();
        plan_addresses();
        write_classes();
        write_entries();
        delta_.raise_generation = raise_ || narrows();
        finish();
        return std::move(step_);
    }

  private:
    struct Change {
        const EnforcedSubject* before = nullptr; // null: the subject is new, or this is staged
        std::shared_ptr<RuleSet> after;
        std::shared_ptr<const Definition> old_definition; // of a kept rule set
    };

    // ---- subjects

    void find_address_changes() {
        compare(now_.table, desired_.table, [&](const AddressChange& change) {
            pairs_.emplace_back(change.old_membership, change.new_membership);
        });
        pairs_.emplace_back(0, 0);
        sort_unique(pairs_);
        addresses_change_ =
            std::ranges::any_of(pairs_, [](const auto& pair) { return pair.first != pair.second; });
    }

    void plan_subjects() {
        find_claimed();
        Applied& next = step_.next;
        for (const Desired::Subject& subject : desired_.subjects) {
            const auto found = now_.subjects.find(subject.workload);
            const auto* before = found == now_.subjects.end() ? nullptr : &found->second;
            EnforcedSubject after{subject.row, subject.identity, rules_for(subject, before),
                                  staged_for(subject, before)};
            after.row.id = before ? before->row.id : new_subject_id(subject.workload);
            after.row.rule_set = after.rules->id();
            after.row.staged = after.staged ? after.staged->id() : 0;
            note_subject(before, after.row);
            next.subjects.emplace(subject.workload, std::move(after));
        }
        for (const auto& [workload, subject] : now_.subjects)
            if (!next.subjects.contains(workload)) {
                delta_.removed_subjects.push_back(subject.row.id);
                retire(subject.rules);
                if (subject.staged)
                    retire(subject.staged);
                raise_ = true;
            }
        for (const std::uint32_t orphan : now_.orphans)
            if (std::ranges::none_of(next.subjects, [&](const auto& subject) {
                    return subject.second.row.id == orphan;
                }))
                delta_.removed_subjects.push_back(orphan);
    }

    std::uint32_t new_subject_id(const std::string& workload) const {
        std::set<std::uint32_t> taken;
        for (const auto* subjects : {&now_.subjects, &step_.next.subjects})
            for (const auto& [other, subject] : *subjects)
                taken.insert(subject.row.id);
        return subject_id(workload, taken);
    }

    // Addresses with several claims, which may need combinations of selectors.
    void find_claimed() {
        std::set<std::uint32_t> seen;
        for (const AddressRow& row : desired_.table)
            if (interner_.membership_of(row.membership).identities.size() > 1)
                seen.insert(row.membership);
        claimed_.assign(seen.begin(), seen.end());
    }

    std::vector<Signature> claimed_signatures(const Definition& definition) const {
        std::vector<Signature> out;
        for (const std::uint32_t membership : claimed_)
            out.push_back(definition.signature(interner_.membership_of(membership)));
        return out;
    }

    // A mode that changes together with addresses needs a new rule set: otherwise the old mode
    // would for a moment meet the new addresses.
    bool can_go_on(const EnforcedSubject& before, const Desired::Subject& subject) const {
        return !(addresses_change_ && subject.row.mode != before.row.mode) &&
               can_go_on(*before.rules, *subject.definition);
    }

    bool can_go_on(const RuleSet& rules, const Definition& wanted) const {
        return !now_.unsure &&
               wanted.continues(rules.definition(), now_.identities, desired_.identities) &&
               std::ranges::all_of(claimed_signatures(wanted), [&](const Signature& signature) {
                   return rules.exact_for(signature);
               });
    }

    std::shared_ptr<RuleSet> rules_for(const Desired::Subject& subject,
                                       const EnforcedSubject* before) {
        if (before)
            touch(before->rules);
        if (before && can_go_on(*before, subject)) {
            changes_.push_back({before, before->rules, before->rules->shared_definition()});
            before->rules->continue_with(subject.definition);
            return before->rules;
        }
        if (before)
            dying_.push_back(before->rules);
        changes_.push_back({before, make(subject.definition), nullptr});
        return changes_.back().after;
    }

    // It decides nothing, so nothing narrows with it: its changes have no `before`. A new one is
    // asked about live connections too.
    std::shared_ptr<RuleSet> staged_for(const Desired::Subject& subject,
                                        const EnforcedSubject* before) {
        const auto old = before ? before->staged : nullptr;
        if (old && subject.staged && now_.staging == desired_.staging &&
            can_go_on(*old, *subject.staged)) {
            touch(old);
            changes_.push_back({nullptr, old, old->shared_definition()});
            old->continue_with(subject.staged);
            return old;
        }
        if (old)
            retire(old);
        if (!subject.staged)
            return nullptr;
        raise_ = true;
        changes_.push_back({nullptr, make(subject.staged), nullptr});
        return changes_.back().after;
    }

    std::shared_ptr<RuleSet> make(const std::shared_ptr<const Definition>& definition) {
        made_.push_back(std::make_shared<RuleSet>(++ids_.rule_set, definition, ids_,
                                                  claimed_signatures(*definition)));
        return made_.back();
    }

    void retire(const std::shared_ptr<RuleSet>& rules) {
        touch(rules);
        dying_.push_back(rules);
    }

    void touch(const std::shared_ptr<RuleSet>& rules) {
        step_.touched.push_back({rules, rules->mark(), rules->shared_definition()});
    }

    void note_subject(const EnforcedSubject* before, const loader::Subject& after) {
        const auto same_place = [&](const loader::Subject& old) {
            return old.cgroup == after.cgroup && old.root.user_ns == after.root.user_ns &&
                   old.root.device == after.root.device && old.root.inode == after.root.inode;
        };
        raise_ |= !before || !same_place(before->row) || after.mode > before->row.mode;
        if (now_.unsure || !before || !same_place(before->row) || after.mode != before->row.mode ||
            after.rule_set != before->row.rule_set || after.staged != before->row.staged ||
            after.local != before->row.local ||
            after.loopback_events != before->row.loopback_events)
            delta_.subjects.push_back(after);
    }

    // ---- addresses

    void plan_addresses() {
        by_membership_ = now_.peers;
        std::ranges::sort(by_membership_, {},
                          [](const auto& p) { return std::pair(p.second, p.first); });
        AddressTable& next = step_.next.table;
        next = std::move(desired_.table);
        compare(now_.table, next, [&](const AddressChange& change) {
            const bool same =
                !now_.unsure && change.before && change.old_membership == change.new_membership;
            const std::uint32_t peer =
                same ? change.before->peer : peer_for(change.old_membership, change.new_membership);
            if (change.after)
                next[static_cast<std::size_t>(change.after - next.data())].peer = peer;
            else
                delta_.removed_peers.push_back(change.prefix);
            if (!same)
                delta_.peers.push_back({change.prefix, peer});
            used_.push_back(peer);
        });
        sort_unique(used_);
        const auto longest_first = [](const loader::PeerRow& row) {
            const Prefix& prefix = row.prefix;
            return std::pair(-prefix.length - (prefix.address.is_v4() ? 96 : 0), prefix);
        };
        std::ranges::sort(delta_.peers, {}, longest_first);
        list_peers();
    }

    // Does a peer that dying sets take for `is` serve addresses that they have to take for
    // `wanted`?
    bool serves(std::uint32_t is, std::uint32_t wanted) {
        return is == wanted || std::ranges::all_of(dying_, [&](const auto& rules) {
                   return rules->classify(interner_.membership_of(is), ids_).id ==
                          rules->classify(interner_.membership_of(wanted), ids_).id;
               });
    }

    std::uint32_t peer_for(std::uint32_t was, std::uint32_t becomes) {
        const auto [known, added] = chosen_.try_emplace({was, becomes});
        if (!added)
            return known->second;
        if (!now_.unsure) {
            const auto live = std::ranges::equal_range(by_membership_, becomes, {},
                                                       [](const auto& p) { return p.second; });
            if (!live.empty() && serves(becomes, was))
                return known->second = live.front().first;
        }
        for (const auto& other : new_peers_[becomes])
            if (serves(other.second, was))
                return known->second = other.first;
        known->second = ++ids_.peer;
        new_peers_[becomes].emplace_back(known->second, was);
        return known->second;
    }

    void list_peers() {
        auto& peers = step_.next.peers;
        for (const AddressRow& row : step_.next.table)
            peers.emplace_back(row.peer, row.membership);
        sort_unique(peers);
        peers.shrink_to_fit();
        const auto dead = [&](std::uint32_t peer) {
            const auto found = std::ranges::lower_bound(
                peers, peer, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
            return found == peers.end() || found->first != peer;
        };
        for (const auto& [peer, membership] : now_.peers)
            if (dead(peer))
                delta_.dead_peers.push_back(peer);
        for (const auto& [membership, made] : new_peers_)
            for (const auto& [peer, was] : made)
                if (dead(peer))
                    delta_.dead_peers.push_back(peer);
        std::ranges::sort(delta_.dead_peers);
    }

    // ---- rows

    void write_classes() {
        for (const auto& [becomes, made] : new_peers_)
            for (const auto& [peer, was] : made) {
                for (const auto& rules : dying_)
                    write_class(*rules, peer, was);
                for (const auto& change : changes_)
                    write_class(*change.after, peer, becomes);
            }
        if (made_.empty())
            return;
        for (const auto& [peer, membership] : now_.peers)
            if (std::ranges::binary_search(used_, peer))
                for (const auto& rules : made_)
                    write_class(*rules, peer, membership);
    }

    void write_class(RuleSet& rules, std::uint32_t peer, std::uint32_t membership) {
        const auto cls = rules.classify(interner_.membership_of(membership), ids_);
        if (cls.id != rules.unknown().id)
            delta_.classes.push_back({rules.id(), peer, cls});
    }

    void write_entries() {
        const auto take = [&](RuleSet& rules) {
            const auto rows = rules.take_entries();
            delta_.entries.insert(delta_.entries.end(), rows.begin(), rows.end());
        };
        for (const auto& touched : step_.touched)
            take(*touched.rules);
        for (const auto& rules : made_) {
            take(*rules);
            delta_.rule_sets.push_back(rules->row());
            const auto append = [&](const std::vector<loader::AttributeRow>& rows) {
                delta_.attributes.insert(delta_.attributes.end(), rows.begin(), rows.end());
            };
            append(rules->attributes());
            append(rules->container_rows(containers_));
        }
        for (const auto& rules : dying_)
            delta_.dead_rule_sets.push_back(rules->id());
    }

    // ---- generation

    // May anything that passes now be denied afterwards?
    bool narrows() {
        return std::ranges::any_of(
            changes_, [&](const Change& change) { return change.before && narrows(change); });
    }

    bool narrows(const Change& change) const {
        const bool kept = change.old_definition != nullptr;
        const Definition& old = kept ? *change.old_definition : change.before->rules->definition();
        const Definition& now = change.after->definition();
        std::map<std::pair<Signature, Signature>, bool> known;
        for (const auto& [was, becomes] : pairs_) {
            if (kept && was == becomes)
                continue;
            const Signature before = old.signature(interner_.membership_of(was));
            const Signature after = now.signature(interner_.membership_of(becomes));
            const auto [found, added] = known.try_emplace({before, after});
            if (added)
                found->second = (kept && before == after) || widens(old, before, now, after);
            if (!found->second)
                return true;
        }
        return false;
    }

    void finish() {
        Applied& next = step_.next;
        next.identities = std::move(desired_.identities);
        next.numbers = std::move(desired_.numbers);
        next.list_names = std::move(desired_.list_names);
        next.owners = std::move(desired_.owners);
        next.missing = std::move(desired_.missing);
        next.version = desired_.version;
        next.staging = desired_.staging;
        next.staging_trouble = std::move(desired_.staging_trouble);
        next.unsure = false;
        next.retired = dying_;
        delta_.policy_version = next.version;
        delta_.complete = now_.unsure;
        delta_.raise_generation |= now_.unsure;
    }

    const Applied& now_;
    Desired desired_;
    Interner& interner_;
    Ids& ids_;
    const std::map<std::uint64_t, std::string>& containers_;
    Step step_;
    loader::Delta& delta_ = step_.delta;
    bool raise_ = false;
    std::vector<std::uint32_t> claimed_; // memberships
    std::vector<Change> changes_;        // one per rule set of the next state
    std::vector<std::shared_ptr<RuleSet>> made_, dying_;
    Pairs pairs_; // memberships of some address: was, becomes
    bool addresses_change_ = false;
    Pairs by_membership_; // live peers and their memberships
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> chosen_;
    // By what they become: peers made in this step, and what their addresses were.
    std::map<std::uint32_t, Pairs> new_peers_;
    std::vector<std::uint32_t> used_; // peers that some address has during or after the step
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
