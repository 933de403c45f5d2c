#include <algorithm>
#include <utility>

#include "control/compute/fleet_state.h"

namespace ringwall::compute {
namespace {

std::set<std::string> lists_of(const std::vector<SubjectState>& host) {
    std::set<std::string> out;
    for (const SubjectState& subject : host)
        out.insert(subject.rules->lists.begin(), subject.rules->lists.end());
    return out;
}

const SubjectState* subject_of(const std::vector<SubjectState>& host, const std::string& name) {
    const auto found = std::ranges::find(
        host, name, [](const SubjectState& s) -> const std::string& { return s.workload->name; });
    return found == host.end() ? nullptr : &*found;
}

} // namespace

Fleet::State::Host Fleet::State::host_now(const std::string& name) const {
    Host out;
    const auto add = [&](const Member& member) {
        out.push_back({member.workload, member.identity, subjects_.rules(member.identity)});
    };
    add(*members_.find(name));
    for (const auto& inner : members_.inside(name)) {
        const Member& member = *members_.find(inner);
        if (member.workload->managed && !member.workload->cgroup.empty())
            add(member);
    }
    return out;
}

// Of a host that ran an agent before this change.
Fleet::State::Host Fleet::State::host_before(const std::string& name) const {
    if (const auto kept = hosts_before_.find(name); kept != hosts_before_.end())
        return *kept->second;
    Host out = host_now(name);
    for (SubjectState& subject : out)
        subject.rules = subjects_.rules_before(subject.identity);
    return out;
}

// Who sees, or saw, an address whose owners differ.
void Fleet::State::add_viewers(Concern& out) const {
    bool everybody = inventory_ == Inventory::all && !identities_.moves().empty();
    for (const auto& [key, row] : touched_->all()) {
        if (!row.differs)
            continue;
        everybody |= inventory_ == Inventory::all && key.second.empty();
        if (!key.second.empty()) {
            out.hosts.insert(key.second);
            continue;
        }
        for (const NumberSet* owners : {&row.before, &row.now})
            for (const std::uint32_t identity : *owners)
                out.subjects |= subjects_.seen_by(identity);
        for (const std::string* host : members_.realms_of(key.first))
            out.hosts.insert(*host);
    }
    if (everybody)
        out.subjects |= identities_.managed();
}

Fleet::State::Concern Fleet::State::concerned(const std::set<std::string>& lists) const {
    Concern out;
    for (const auto& [host, before] : hosts_before_)
        out.hosts.insert(host);
    for (const std::uint32_t subject : subjects_.changed())
        out.subjects.add(subject);
    if (!lists.empty())
        for (const std::uint32_t subject : subjects_.naming(lists))
            out.subjects.add(subject);
    add_viewers(out);
    return out;
}

// Do subjects differ, or one of these lists that they name?
bool Fleet::State::policy_differs(const Host& before, const Host& now,
                                  const std::set<std::string>& lists) {
    return before.size() != now.size() || std::ranges::any_of(now, [&](const auto& subject) {
               const auto* old = subject_of(before, subject.workload->name);
               return !old || !subject.same(*old) || subject.rules->name_any(lists);
           });
}

bool Fleet::State::has_new_rules(const Host& now) const {
    return std::ranges::any_of(now, [&](const SubjectState& subject) {
        return subject.rules != subjects_.rules_before(subject.identity);
    });
}

// Is it one subject alone, which differs from others of its identity by its name only?
bool Fleet::State::is_plain(const std::string& host) const {
    return !hosts_before_.contains(host) && !local_.contains(host) &&
           !members_.with_local_rows().contains(host) && members_.inside(host).empty();
}

// Who of them is plain; the others are looked at singly. The same until somebody of this identity
// comes, goes or is no longer plain.
const Fleet::State::Alike& Fleet::State::alike(std::uint32_t subject) {
    if (subject >= alike_.size())
        alike_.resize(subject + std::size_t{1});
    std::optional<Alike>& place = alike_[subject];
    if (place)
        return *place;
    place.emplace();
    auto plain = std::make_shared<Roster>();
    for (const Member* member : members_.having(subject)) {
        const std::string* host = agent_of(*member->workload);
        if (host && *host == member->workload->name && is_plain(*host))
            plain->push_back(member->workload);
        else if (host)
            place->others.insert(*host);
    }
    place->plain = std::move(plain);
    return *place;
}

// Where somebody is another one since this change.
void Fleet::State::forget_alike() {
    const auto forget = [&](const Host& host) {
        for (const SubjectState& subject : host)
            if (subject.identity < alike_.size())
                alike_[subject.identity].reset();
    };
    for (const auto& [name, before] : hosts_before_) {
        if (before)
            forget(*before);
        if (members_.hosts().contains(name))
            forget(host_now(name));
    }
    for (const auto& name : local_)
        if (members_.hosts().contains(name))
            forget(host_now(name));
}

// The plain hosts of a subject get the same; the others are left to be looked at singly.
void Fleet::State::add_alike(std::uint32_t subject, const std::set<std::string>& lists,
                             std::set<std::string>& singly, Change& out) {
    const Alike& same = alike(subject);
    singly.insert(same.others.begin(), same.others.end());
    if (same.plain->empty())
        return;
    const auto& first = same.plain->front();
    const auto &rules = subjects_.rules(subject), &rules_before = subjects_.rules_before(subject);
    AlikeChange change{same.plain, rules != rules_before || rules->name_any(lists),
                       inventory_change(first->name, view_of(subject))};
    if (change.policy || change.inventory)
        out.alike.push_back(std::move(change));
}

void Fleet::State::add_singly(const std::string& name, const std::set<std::string>& lists,
                              Change& out) {
    const auto kept = hosts_before_.find(name);
    const bool is = members_.hosts().contains(name);
    const bool was = kept == hosts_before_.end() ? is : kept->second.has_value();
    if (!was || !is) {
        if (was != is)
            (is ? out.joined : out.gone).emplace_back(name);
        return;
    }
    const Host now = host_now(name);
    const bool differs = kept != hosts_before_.end() || has_new_rules(now);
    const Host before = differs ? host_before(name) : now;
    Sight shared;
    HostChange change{name, policy_differs(before, now, lists),
                      inventory_change(name, view_of(before, now, shared))};
    if (change.policy || change.inventory)
        out.hosts.push_back(std::move(change));
}

Change Fleet::State::finish(const std::set<std::string>& lists) {
    subjects_.publish({identities_.live(), identities_.moves()});
    for (const auto& [key, before] : members_.touched())
        local_.insert(key.second);
    touched_.emplace(members_);
    involved_ = involved();
    forget_alike();
    Change out{.version = version, .revision = ++revision};
    auto concern = concerned(lists);
    out.alike.reserve(concern.subjects.size());
    for (const std::uint32_t subject : concern.subjects.numbers())
        add_alike(subject, lists, concern.hosts, out);
    for (const auto& host : concern.hosts)
        add_singly(host, lists, out);
    out.rested.assign(identities_.moves().lost.begin(), identities_.moves().lost.end());
    forget_alike(); // who was looked at singly may be plain from now on
    subjects_.settled();
    identities_.settled();
    members_.clear_touched();
    hosts_before_.clear();
    local_.clear();
    touched_.reset();
    memo_.clear();
    return out;
}

std::expected<v1::Policy, Error> Fleet::State::policy(std::string_view name) const {
    const auto host = find_host(name);
    if (!host)
        return std::unexpected(host.error());
    const Host now = host_now(**host);
    v1::Policy out;
    out.set_version(version);
    for (const SubjectState& subject : now)
        *out.add_subjects() = subject.wire();
    for (const auto& list : lists_of(now))
        *out.add_lists() = *lists_.at(list);
    return out;
}

} // namespace ringwall::compute
