#include "tests/oracle/rows.h"

#include <algorithm>
#include <set>

namespace ringwall::oracle {
namespace {

using loader::Attribute;
using loader::Verdict;

constexpr std::uint32_t any_protocol_bit = 1u << 17;
constexpr std::uint64_t all_selectors = ~0ull;

template <typename Map, typename Gone>
void erase_where(Map& map, Gone gone) {
    std::erase_if(map, [&](const auto& item) { return gone(item.first); });
}

enum class Action { none, failsafe, override_deny, allow, deny };

bool allowed_for_now(const loader::EntryRow& entry, std::uint64_t sure, std::uint64_t boot_ns) {
    const auto segment = std::ranges::find_if(
        entry.segments, [&](const loader::Segment& each) { return boot_ns < each.ends_ns; });
    return segment != entry.segments.end() && (segment->any_allow || (segment->allow & sure));
}

Action action_of(const loader::EntryRow& entry, std::uint64_t sure, std::uint64_t maybe,
                 std::uint64_t boot_ns) {
    if (entry.any_failsafe)
        return Action::failsafe;
    if (entry.any_override_deny || (entry.override_deny & maybe))
        return Action::override_deny;
    if (entry.any_allow || (entry.allow & sure) || allowed_for_now(entry, sure, boot_ns))
        return Action::allow;
    if (entry.any_deny || (entry.deny & maybe))
        return Action::deny;
    return Action::none;
}

Verdict in_mode(loader::Mode mode, Action action) {
    if (action == Action::allow || action == Action::failsafe)
        return Verdict::allowed;
    if (mode == loader::Mode::visibility)
        return Verdict::would_block;
    if (mode == loader::Mode::selective && action == Action::none)
        return Verdict::unmatched;
    return Verdict::blocked;
}

} // namespace

void Rows::remove_rule_set(std::uint32_t id) {
    rule_sets_.erase(id);
    erase_where(attributes_, [&](const auto& key) { return std::get<0>(key) == id; });
    erase_where(entries_, [&](const auto& key) { return std::get<0>(key) == id; });
    erase_where(classes_, [&](const auto& key) { return key.first == id; });
}

void Rows::complete(const loader::Delta& delta) {
    std::set<std::uint32_t> sets, subjects;
    std::set<Prefix> peers;
    for (const auto& row : delta.rule_sets)
        sets.insert(row.id);
    for (const auto& row : delta.subjects)
        subjects.insert(row.id);
    for (const auto& row : delta.peers)
        peers.insert(row.prefix);
    std::vector<std::uint32_t> dead;
    for (const auto& [id, row] : rule_sets_)
        if (!sets.contains(id))
            dead.push_back(id);
    for (const std::uint32_t id : dead)
        remove_rule_set(id);
    erase_where(subjects_, [&](std::uint32_t id) { return !subjects.contains(id); });
    erase_where(peers_, [&](const Prefix& prefix) { return !peers.contains(prefix); });
}

void Rows::apply(const loader::Delta& delta) {
    for (const auto& row : delta.rule_sets)
        rule_sets_[row.id] = row;
    for (const auto& row : delta.attributes)
        attributes_[{row.rule_set, row.attribute, row.value}] = row.selectors;
    for (const auto& row : delta.entries)
        entries_[{row.rule_set, row.cls, row.inbound, row.any_protocol, row.protocol, row.length,
                  row.port}] = row;
    for (const auto& row : delta.classes)
        classes_[{row.rule_set, row.peer}] = row.cls;
    for (const auto& row : delta.peers)
        peers_[row.prefix] = row.peer;
    for (const auto& row : delta.subjects)
        subjects_[row.id] = row;
    for (const std::uint32_t id : delta.removed_subjects)
        subjects_.erase(id);
    for (const Prefix& prefix : delta.removed_peers)
        peers_.erase(prefix);
    for (const std::uint32_t id : delta.dead_rule_sets)
        remove_rule_set(id);
    for (const std::uint32_t peer : delta.dead_peers)
        erase_where(classes_, [&](const auto& key) { return key.second == peer; });
    if (delta.complete)
        complete(delta);
}

std::uint32_t Rows::peer_of(const Address& address) const {
    const int bits = address.is_v4() ? 32 : 128;
    for (int length = bits; length >= 0; --length) {
        Prefix prefix{address, static_cast<std::uint8_t>(length)};
        for (int bit = 128 - bits + length; bit < 128; ++bit)
            prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
        if (const auto found = peers_.find(prefix); found != peers_.end())
            return found->second;
    }
    return 0;
}

loader::ClassRef Rows::class_of(const loader::RuleSetRow& set, std::uint32_t peer) const {
    const auto found = classes_.find({set.id, peer});
    return peer == 0 || found == classes_.end() ? set.unknown : found->second;
}

// Longest existing prefix first; the first hit is the whole answer.
const loader::EntryRow* Rows::entry(const Asked& asked, std::uint32_t set,
                                    const loader::ClassRef& cls) const {
    const std::uint32_t lengths = asked.inbound ? cls.in_lengths : cls.out_lengths;
    for (int length = asked.no_port ? 0 : 16; length >= 0; --length) {
        const auto port = static_cast<std::uint16_t>(asked.port & (0xffff0000u >> length));
        const auto found = entries_.find({set, cls.id, asked.inbound, false, asked.protocol,
                                          static_cast<std::uint8_t>(length), port});
        if ((lengths & (1u << length)) && found != entries_.end())
            return &found->second;
    }
    const auto found = entries_.find({set, cls.id, asked.inbound, true, 0, 0, 0});
    return (lengths & any_protocol_bit) && found != entries_.end() ? &found->second : nullptr;
}

std::optional<std::uint64_t> Rows::attribute(std::uint32_t set, Attribute attribute,
                                             std::uint64_t value) const {
    const auto found = attributes_.find({set, attribute, value});
    return found == attributes_.end() ? std::nullopt : std::optional(found->second);
}

// The AND over all attributes of the selectors that each does not contradict.
void Rows::bits(const loader::RuleSetRow& set, const Owner& owner, Answered& answered) const {
    answered.sure = answered.maybe = all_selectors;
    const auto narrow = [&](Attribute which, bool known, auto selectors) {
        const std::uint64_t free = set.unconstrained[static_cast<std::size_t>(which)];
        if (free == all_selectors)
            return;
        answered.sure &= known ? selectors(free) : free;
        answered.maybe &= known ? selectors(free) : all_selectors;
    };
    const auto one = [&](Attribute which, std::optional<std::uint64_t> value) {
        narrow(which, owner.known && value,
               [&](std::uint64_t free) { return attribute(set.id, which, *value).value_or(free); });
    };
    one(Attribute::path, owner.path);
    one(Attribute::name, owner.name);
    one(Attribute::unit, owner.unit);
    one(Attribute::user, owner.user);
    one(Attribute::digest, owner.digest);
    const auto container = attribute(set.id, Attribute::container, owner.cgroup);
    narrow(Attribute::container, owner.known && container,
           [&](std::uint64_t) { return *container; });

    const std::uint64_t free = set.unconstrained[static_cast<std::size_t>(Attribute::group)];
    std::uint64_t groups = free;
    for (const std::uint32_t gid : owner.known ? owner.groups : std::vector<std::uint32_t>{})
        groups |= attribute(set.id, Attribute::group, gid).value_or(free);
    answered.sure &= groups;
    if (owner.known && !owner.more_groups)
        answered.maybe &= groups;
}

Answered Rows::decide(const Asked& asked, const Owner& owner, std::uint64_t boot_ns) const {
    Answered answered;
    const auto subject = subjects_.find(asked.subject);
    if (subject == subjects_.end())
        return answered;
    answered.idle = subject->second.mode == loader::Mode::idle;
    answered.rule_set = subject->second.rule_set;
    answered.peer = peer_of(asked.peer);
    Action action = Action::none;
    if (const auto set = rule_sets_.find(answered.rule_set); set != rule_sets_.end()) {
        bits(set->second, owner, answered);
        if (maybe_is_sure_)
            answered.sure = answered.maybe;
        const loader::ClassRef cls = class_of(set->second, answered.peer);
        if (const loader::EntryRow* found = entry(asked, answered.rule_set, cls)) {
            answered.entry = found->id;
            action = action_of(*found, answered.sure, answered.maybe, boot_ns);
        }
    }
    answered.verdict = in_mode(subject->second.mode, action);
    return answered;
}

} // namespace ringwall::oracle
