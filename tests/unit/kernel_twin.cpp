#include "tests/unit/kernel_twin.h"

#include <algorithm>
#include <stdexcept>

namespace ringwall::test {

using loader::Verdict;

Verdict Judgement::verdict() const {
    if (!mode || *mode == loader::Mode::idle)
        return Verdict::none;
    if (outcome == Outcome::failsafe || outcome == Outcome::allow)
        return Verdict::allowed;
    if (*mode == loader::Mode::visibility)
        return Verdict::would_block;
    if (*mode == loader::Mode::selective && outcome == Outcome::none)
        return Verdict::unmatched;
    return Verdict::blocked;
}

void KernelTwin::apply(const loader::Delta& delta, const std::function<void()>& after_write) {
    for (const auto& row : delta.entries) {
        const EntryKey key{row.rule_set, row.cls,    row.inbound, row.any_protocol,
                           row.protocol, row.length, row.port};
        if (!entries.emplace(key, row).second)
            throw std::logic_error("an entry was written twice");
        after_write();
    }
    for (const auto& row : delta.rule_sets)
        rule_sets[row.id] = row, after_write();
    for (const auto& row : delta.attributes)
        attributes[{row.rule_set, row.attribute, row.value}] = row.selectors, after_write();
    for (const auto& row : delta.classes) {
        if (!classes.emplace(std::pair(row.rule_set, row.peer), row.cls).second)
            throw std::logic_error("a class of a peer was changed");
        after_write();
    }
    for (const auto& row : delta.peers)
        peers[row.prefix] = row.peer, after_write();
    for (const auto& subject : delta.subjects)
        subjects[subject.id] = subject, after_write();
    for (const auto id : delta.removed_subjects)
        subjects.erase(id), after_write();
    generation += delta.raise_generation;
    for (const auto& prefix : delta.removed_peers)
        peers.erase(prefix), after_write();
    if (delta.complete) {
        std::set<std::uint32_t> kept;
        for (const auto& row : delta.rule_sets)
            kept.insert(row.id);
        std::erase_if(peers, [&](const auto& peer) {
            return std::ranges::none_of(delta.peers,
                                        [&](const auto& row) { return row.prefix == peer.first; });
        });
        std::vector<std::uint32_t> dead;
        for (const auto& [id, row] : rule_sets)
            if (!kept.contains(id))
                dead.push_back(id);
        for (const auto id : dead)
            drop_rule_set(id);
        after_write();
    }
    for (const auto id : delta.dead_rule_sets)
        drop_rule_set(id), after_write();
    for (const auto peer : delta.dead_peers)
        std::erase_if(classes, [&](const auto& row) { return row.first.second == peer; }),
            after_write();
}

void KernelTwin::drop_rule_set(std::uint32_t id) {
    rule_sets.erase(id);
    std::erase_if(classes, [&](const auto& row) { return row.first.first == id; });
    std::erase_if(entries, [&](const auto& row) { return std::get<0>(row.first) == id; });
    std::erase_if(attributes, [&](const auto& row) { return std::get<0>(row.first) == id; });
}

std::uint32_t KernelTwin::peer_of(const Address& address) const {
    const Prefix* best = nullptr;
    std::uint32_t peer = 0;
    for (const auto& [prefix, id] : peers)
        if (prefix.contains(address) && (!best || best->length < prefix.length))
            best = &prefix, peer = id;
    return peer;
}

std::pair<std::uint64_t, std::uint64_t> KernelTwin::bits(const loader::RuleSetRow& rules,
                                                         const ProcessFacts& process) const {
    std::uint64_t sure = ~std::uint64_t{0};
    std::uint64_t maybe = sure;
    for (std::size_t i = 0; i < loader::attribute_count; ++i) {
        const auto attribute = static_cast<loader::Attribute>(i);
        const std::uint64_t free = rules.unconstrained[i];
        if (free == ~std::uint64_t{0})
            continue;
        const auto set_of = [&](std::uint64_t value) {
            const auto found = attributes.find({rules.id, attribute, value});
            return found == attributes.end() ? free : found->second;
        };
        const bool is_group = attribute == loader::Attribute::group;
        if (is_group ? !process.groups : !process.values[i]) {
            sure &= free;
            continue;
        }
        std::uint64_t here = is_group ? free : set_of(*process.values[i]);
        if (is_group)
            for (const auto group : *process.groups)
                here |= set_of(group);
        sure &= here;
        maybe &= here;
    }
    return {sure, maybe};
}

const loader::EntryRow* KernelTwin::entry_for(const loader::RuleSetRow& rules,
                                              const loader::ClassRef& cls,
                                              const Packet& packet) const {
    const std::uint32_t lengths = packet.inbound ? cls.in_lengths : cls.out_lengths;
    for (int length = 16; length >= 0; --length) {
        if (!(lengths >> length & 1) || (!packet.port && length > 0))
            continue;
        const auto port =
            static_cast<std::uint16_t>(packet.port.value_or(0) & (0xffff0000 >> length));
        const auto found =
            entries.find({rules.id, cls.id, packet.inbound, false, packet.protocol, length, port});
        if (found != entries.end())
            return &found->second;
    }
    if (!(lengths >> 17 & 1))
        return nullptr;
    const auto found = entries.find(
        {rules.id, cls.id, packet.inbound, true, std::uint8_t{0}, 0, std::uint16_t{0}});
    return found == entries.end() ? nullptr : &found->second;
}

bool KernelTwin::allowed_for_now(const loader::EntryRow& entry, std::uint64_t sure) const {
    const auto segment = std::ranges::find_if(
        entry.segments, [&](const loader::Segment& one) { return now < one.ends_ns; });
    return segment != entry.segments.end() && (segment->any_allow || (segment->allow & sure) != 0);
}

Judgement KernelTwin::judge(const Packet& packet) const {
    Judgement out;
    const auto subject = subjects.find(packet.subject);
    if (subject == subjects.end())
        return out;
    out.mode = subject->second.mode;
    out.rule_set = packet.staged ? subject->second.staged : subject->second.rule_set;
    const auto& rules = rule_sets.at(out.rule_set);
    out.peer = peer_of(packet.peer);
    const auto row = classes.find({out.rule_set, out.peer});
    const auto cls = row == classes.end() ? rules.unknown : row->second;
    const auto* entry = entry_for(rules, cls, packet);
    if (!entry)
        return out;
    out.entry = entry->id;
    std::tie(out.sure, out.maybe) = bits(rules, packet.process);
    if (entry->any_failsafe)
        out.outcome = Outcome::failsafe;
    else if (entry->any_override_deny || (entry->override_deny & out.maybe))
        out.outcome = Outcome::override_deny;
    else if (entry->any_allow || (entry->allow & out.sure) || allowed_for_now(*entry, out.sure))
        out.outcome = Outcome::allow;
    else if (entry->any_deny || (entry->deny & out.maybe))
        out.outcome = Outcome::deny;
    return out;
}

loader::Datapath::Highest KernelTwin::highest() const {
    loader::Datapath::Highest out;
    for (const auto& [prefix, peer] : peers)
        out.peer = std::max(out.peer, peer);
    for (const auto& [key, cls] : classes) {
        out.peer = std::max(out.peer, key.second);
        out.cls = std::max(out.cls, cls.id);
    }
    for (const auto& [id, row] : rule_sets) {
        out.rule_set = std::max(out.rule_set, id);
        out.cls = std::max(out.cls, row.unknown.id);
    }
    for (const auto& [key, row] : entries) {
        out.entry = std::max(out.entry, row.id);
        out.cls = std::max(out.cls, row.cls);
    }
    for (const auto& [id, subject] : subjects)
        out.subject = std::max(out.subject, id);
    return out;
}

} // namespace ringwall::test
