#include "loader/writer.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>

#include "loader/rows.h"

namespace ringwall::loader {
namespace {

Error write_error(const std::string& map, int error) {
    return {Errc::apply_failed, "cannot write the kernel map \"" + map +
                                    "\": " + std::strerror(-error) + "; the policy before stays"};
}

Error no_room(const std::string& what, std::size_t wanted, std::size_t limit) {
    return {Errc::too_large, "the policy needs " + std::to_string(wanted) + " " + what +
                                 ", this agent holds " + std::to_string(limit) +
                                 "; raise the limit in its configuration or name fewer peers. The "
                                 "policy before stays"};
}

// Packets on their way finish with what they saw before anything of it is removed.
void wait_for_readers() {
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

bool v4(const Prefix& p) {
    return p.address.is_v4();
}

// Another subject may have taken the cgroup or address in the same delta: that one stays.
template <typename Key>
void erase_own(const Map<Key, std::uint32_t>& map, const Key& key, std::uint32_t subject) {
    if (map.find(key) == subject)
        map.erase(key);
}

} // namespace

// What to do, in reverse order, when a later step fails.
struct Writer::Undo {
    std::vector<std::function<void()>> steps;
    bool keep = false;

    ~Undo() {
        if (!keep)
            for (auto step = steps.rbegin(); step != steps.rend(); ++step)
                (*step)();
    }
    template <typename K, typename V>
    void erase_later(const Map<K, V>& map, std::vector<K> keys) {
        steps.push_back([&map, keys = std::move(keys)] {
            for (const auto& key : keys)
                map.erase(key);
        });
    }
    // Call before overwriting.
    template <typename K, typename V>
    void restore_later(const Map<K, V>& map, const K& key) {
        steps.push_back([&map, key, before = map.find(key)] {
            if (before)
                map.set(key, *before);
            else
                map.erase(key);
        });
    }
};

Writer::Writer(const KernelMaps& maps, rw_control& control, Limits limits)
    : maps_(maps), control_(control), limits_(limits) {}

Result<void> Writer::adopt() {
    placed_.clear();
    for (const auto cgroup : maps_.cgroups.keys())
        if (const auto id = maps_.cgroups.find(cgroup))
            placed_[*id].cgroup = cgroup;
    for (const auto key : maps_.local4.keys())
        if (const auto id = maps_.local4.find(key))
            placed_[*id].local.push_back(address4(key));
    for (const auto& key : maps_.local6.keys())
        if (const auto id = maps_.local6.find(key))
            placed_[*id].local.push_back(Address{key});
    used_.attributes = maps_.attributes.keys().size();
    used_.entries = maps_.entries.keys().size();
    used_.segments = maps_.segments.keys().size();
    used_.classes = maps_.classes.keys().size();
    used_.peers4 = maps_.peers4.keys().size();
    used_.peers6 = maps_.peers6.keys().size();
    used_.prefixes4 = maps_.prefixes4.keys().size();
    used_.prefixes6 = maps_.prefixes6.keys().size();
    used_.rule_sets = maps_.rule_sets.keys().size();
    used_.subjects = maps_.subjects.keys().size();
    return {};
}

Result<void> Writer::check_room(const Delta& d) const {
    std::size_t p4 = 0, p6 = 0, l4 = 0, l6 = 0, segments = 0;
    for (const auto& row : d.entries)
        segments += row.segments.size();
    for (const auto& row : d.peers)
        ++(row.prefix.is_host() ? (v4(row.prefix) ? p4 : p6) : (v4(row.prefix) ? l4 : l6));
    const struct {
        const char* what;
        std::size_t wanted, limit;
    } checks[] = {
        {"rule entries", used_.entries + d.entries.size(), limits_.entries},
        {"ends of rules", used_.segments + segments, 65'536},
        {"peer classes", used_.classes + d.classes.size(), limits_.classes},
        {"process attributes", used_.attributes + d.attributes.size(), 262'144},
        {"IPv4 peers", d.complete ? p4 : used_.peers4 + p4, limits_.peers},
        {"IPv6 peers", d.complete ? p6 : used_.peers6 + p6, limits_.peers},
        {"IPv4 prefixes", d.complete ? l4 : used_.prefixes4 + l4, limits_.prefixes},
        {"IPv6 prefixes", d.complete ? l6 : used_.prefixes6 + l6, limits_.prefixes},
        {"subjects", used_.subjects + d.subjects.size(), limits_.subjects},
    };
    for (const auto& c : checks)
        if (c.wanted > c.limit)
            return std::unexpected(no_room(c.what, c.wanted, c.limit));
    return {};
}

namespace {

template <typename Row, typename Key, typename Value>
Result<void> write_rows(const Map<Key, Value>& map, const std::vector<Row>& rows, auto key,
                        auto value, std::vector<Key>& written) {
    if (rows.empty())
        return {};
    std::vector<Key> keys;
    std::vector<Value> values;
    keys.reserve(rows.size());
    values.reserve(rows.size());
    for (const auto& row : rows) {
        keys.push_back(key(row));
        values.push_back(value(row));
    }
    std::size_t count = 0;
    const int error = map.set_all(keys, values, count);
    keys.resize(std::min(count, keys.size()));
    written = std::move(keys);
    if (error)
        return std::unexpected(write_error(map.name(), error));
    return {};
}

} // namespace

namespace {

using SegmentRow = std::pair<rw_segment_key, rw_segment>;

std::vector<SegmentRow> segments_of(const std::vector<EntryRow>& entries) {
    std::vector<SegmentRow> out;
    for (const auto& row : entries)
        for (std::uint32_t i = 0; i < row.segments.size(); ++i)
            out.emplace_back(rw_segment_key{row.rule_set, row.id, i}, to_kernel(row.segments[i]));
    return out;
}

} // namespace

// Rows under rule-set ids, classes and peers that nothing refers to yet: taken back by erasing.
Result<void> Writer::write_rules(const Delta& d, Undo& undo) {
    const auto step = [&](const auto& map, const auto& rows, auto key, auto value) -> Result<void> {
        std::vector<std::decay_t<decltype(key(rows.front()))>> written;
        auto result = write_rows(map, rows, key, value, written);
        undo.erase_later(map, std::move(written));
        return result;
    };
    auto ok = step(
        maps_.attributes, d.attributes, [](auto& r) { return key_of(r); },
        [](auto& r) { return r.selectors; });
    if (ok)
        ok = step(
            maps_.segments, segments_of(d.entries), [](auto& r) { return r.first; },
            [](auto& r) { return r.second; });
    if (ok)
        ok = step(
            maps_.entries, d.entries, [](auto& r) { return key_of(r); },
            [](auto& r) { return to_kernel(r); });
    if (ok)
        ok = step(
            maps_.classes, d.classes, [](auto& r) { return key_of(r); },
            [](auto& r) { return to_kernel(r.cls); });
    if (ok)
        ok = step(
            maps_.rule_sets, d.rule_sets, [](auto& r) { return r.id; },
            [](auto& r) { return to_kernel(r); });
    return ok;
}

Result<void> Writer::write_peers(const Delta& d, Undo& undo) {
    const auto put = [&](const auto& map, const auto& key, std::uint32_t peer,
                         std::size_t& used) -> Result<void> {
        undo.restore_later(map, key);
        const bool fresh = !map.find(key);
        if (const int error = map.set(key, peer))
            return std::unexpected(write_error(map.name(), error));
        used += fresh;
        return {};
    };
    for (const auto& [prefix, peer] : d.peers) {
        Result<void> ok;
        if (prefix.is_host())
            ok = v4(prefix) ? put(maps_.peers4, key4(prefix.address), peer, used_.peers4)
                            : put(maps_.peers6, prefix.address.bytes, peer, used_.peers6);
        else
            ok = v4(prefix) ? put(maps_.prefixes4, lpm4(prefix), peer, used_.prefixes4)
                            : put(maps_.prefixes6, lpm6(prefix), peer, used_.prefixes6);
        if (!ok)
            return ok;
    }
    return {};
}

Result<void> Writer::write_subject(const Subject& s, Undo& undo, bool& moved) {
    const auto cgroup = cgroup_id(s.cgroup);
    if (!cgroup)
        return std::unexpected(cgroup.error());
    undo.restore_later(maps_.subjects, s.id);
    auto row = to_kernel(s);
    const auto before = maps_.subjects.find(s.id);
    row.staged_since = before && before->staged == s.staged
                           ? before->staged_since
                           : std::atomic_ref(control_.generation).load() + 1;
    if (const int error = maps_.subjects.set(s.id, row))
        return std::unexpected(write_error("subjects", error));
    undo.restore_later(maps_.cgroups, *cgroup);
    if (const int error = maps_.cgroups.set(*cgroup, s.id))
        return std::unexpected(write_error("cgroups", error));

    Placed& placed = placed_[s.id];
    undo.steps.push_back([this, id = s.id, before = placed] { placed_[id] = before; });
    if (placed.cgroup != *cgroup) {
        moved = true;
        if (placed.cgroup)
            erase_own(maps_.cgroups, placed.cgroup, s.id);
    }
    for (const auto& old : placed.local)
        if (std::ranges::find(s.local, old) == s.local.end())
            erase_local(old, s.id);
    for (const auto& own : s.local)
        if (const int error =
                own.is_v4() ? maps_.local4.set(key4(own), s.id) : maps_.local6.set(own.bytes, s.id))
            return std::unexpected(write_error("local", error));
    placed = {*cgroup, s.local};
    return {};
}

Result<void> Writer::write_subjects(const Delta& d, Undo& undo, bool& moved) {
    for (const auto& subject : d.subjects)
        if (auto ok = write_subject(subject, undo, moved); !ok)
            return ok;
    return {};
}

void Writer::erase_local(const Address& own, std::uint32_t subject) {
    if (own.is_v4())
        erase_own(maps_.local4, key4(own), subject);
    else
        erase_own(maps_.local6, own.bytes, subject);
}

void Writer::remove_subject(std::uint32_t id) {
    const auto at = placed_.find(id);
    if (at != placed_.end()) {
        if (at->second.cgroup)
            erase_own(maps_.cgroups, at->second.cgroup, id);
        for (const auto& own : at->second.local)
            erase_local(own, id);
        placed_.erase(at);
    }
    maps_.subjects.erase(id);
}

void Writer::remove_peer(const Prefix& p) {
    if (p.is_host())
        v4(p) ? maps_.peers4.erase(key4(p.address)) : maps_.peers6.erase(p.address.bytes);
    else
        v4(p) ? maps_.prefixes4.erase(lpm4(p)) : maps_.prefixes6.erase(lpm6(p));
}

void Writer::collect_rule_sets(const std::set<std::uint32_t>& dead) {
    if (dead.empty())
        return;
    const auto sweep = [&](const auto& map) {
        for (const auto& key : map.keys())
            if (dead.contains(key.rule_set))
                map.erase(key);
    };
    for (const auto id : dead)
        maps_.rule_sets.erase(id);
    sweep(maps_.classes);
    sweep(maps_.entries);
    sweep(maps_.segments);
    sweep(maps_.attributes);
    for (const auto& key : maps_.impacts.keys())
        if (dead.contains(key.staged))
            maps_.impacts.erase(key);
}

std::set<std::uint32_t> Writer::rule_sets_to_drop(const Delta& d) const {
    std::set<std::uint32_t> dead(d.dead_rule_sets.begin(), d.dead_rule_sets.end());
    if (!d.complete)
        return dead;
    std::set<std::uint32_t> live;
    for (const auto& row : d.rule_sets)
        live.insert(row.id);
    for (const auto& subject : d.subjects)
        live.insert({subject.rule_set, subject.staged}); // both
    for (const auto id : maps_.rule_sets.keys())
        if (!live.contains(id))
            dead.insert(id);
    return dead;
}

// After adopting: rows that this complete delta does not know are left-overs.
void Writer::drop_unnamed(const Delta& d) {
    std::set<Prefix> named;
    for (const auto& row : d.peers)
        named.insert(row.prefix);
    for (const auto& [prefix, peer] : peers())
        if (!named.contains(prefix))
            remove_peer(prefix);
    std::set<std::uint32_t> subjects;
    for (const auto& subject : d.subjects)
        subjects.insert(subject.id);
    for (const auto id : maps_.subjects.keys())
        if (!subjects.contains(id))
            remove_subject(id);
}

void Writer::collect(const Delta& d) {
    for (const auto id : d.removed_subjects)
        remove_subject(id);
    for (const auto& prefix : d.removed_peers)
        remove_peer(prefix);
    if (d.complete)
        drop_unnamed(d);
    if (!d.removed_peers.empty() || !d.removed_subjects.empty() || d.raise_generation)
        raise_generation();
    const auto dead = rule_sets_to_drop(d);
    if (!dead.empty() || !d.dead_peers.empty())
        wait_for_readers();
    collect_rule_sets(dead);
    for (const auto rule_set : maps_.rule_sets.keys())
        for (const auto peer : d.dead_peers)
            maps_.classes.erase({rule_set, peer});
}

void Writer::update_flags() {
    std::uint32_t groups = 0;
    for (const auto id : maps_.rule_sets.keys())
        if (const auto row = maps_.rule_sets.find(id))
            if (row->unconstrained[RW_ATTR_GROUP] != ~0ull)
                groups = RW_CONTROL_GROUPS;
    std::atomic_ref flags(control_.flags);
    flags.store((flags.load() & ~static_cast<std::uint32_t>(RW_CONTROL_GROUPS)) | groups);
}

Result<void> Writer::apply(const Delta& delta) {
    if (auto room = check_room(delta); !room)
        return room;
    Undo undo;
    bool moved = false;
    if (auto ok = write_rules(delta, undo); !ok)
        return ok;
    update_flags();
    if (auto ok = write_peers(delta, undo); !ok)
        return ok;
    if (auto ok = write_subjects(delta, undo, moved); !ok)
        return ok;
    undo.keep = true;
    control_.policy_version = delta.policy_version;
    if (delta.raise_generation || moved)
        raise_generation();
    collect(delta);
    update_flags();
    (void)adopt();
    if (delta.raise_epoch)
        return raise_epoch();
    return {};
}

void Writer::raise_generation() {
    std::atomic_ref generation(control_.generation);
    std::uint32_t next = generation.load() + 1;
    generation.store(next ? next : 1);
}

Result<void> Writer::raise_epoch() {
    for (const auto id : maps_.rule_sets.keys()) {
        auto row = maps_.rule_sets.find(id);
        if (!row)
            continue;
        ++row->epoch;
        if (const int error = maps_.rule_sets.set(id, *row, BPF_EXIST); error && error != -ENOENT)
            return std::unexpected(write_error("rule_sets", error));
    }
    return {};
}

std::map<std::uint32_t, Subject> Writer::subjects() const {
    std::map<std::uint32_t, Subject> out;
    for (const auto id : maps_.subjects.keys()) {
        const auto row = maps_.subjects.find(id);
        if (!row)
            continue;
        Subject s;
        s.id = id;
        s.rule_set = row->rule_set;
        s.staged = row->staged;
        s.mode = static_cast<Mode>(row->mode);
        s.loopback_events = row->flags & RW_SUBJECT_LOOPBACK_EVENTS;
        s.root = {row->user_ns, row->root_dev, row->root_ino};
        if (const auto at = placed_.find(id); at != placed_.end())
            s.local = at->second.local;
        out.emplace(id, std::move(s));
    }
    return out;
}

std::map<Prefix, std::uint32_t> Writer::peers() const {
    std::map<Prefix, std::uint32_t> out;
    const auto take = [&](const auto& map, auto prefix) {
        for (const auto& key : map.keys())
            if (const auto peer = map.find(key))
                out.emplace(prefix(key), *peer);
    };
    const auto six = [](const std::uint8_t* bytes) {
        Address a;
        std::copy_n(bytes, 16, a.bytes.begin());
        return a;
    };
    take(maps_.peers4, [](auto k) { return Prefix::host(address4(k)); });
    take(maps_.peers6, [&](auto& k) { return Prefix::host(six(k.data())); });
    take(maps_.prefixes4,
         [](auto& k) { return Prefix{address4(k.address), static_cast<std::uint8_t>(k.length)}; });
    take(maps_.prefixes6,
         [&](auto& k) { return Prefix{six(k.address), static_cast<std::uint8_t>(k.length)}; });
    return out;
}

Datapath::Highest Writer::highest() const {
    Datapath::Highest h;
    for (const auto& key : maps_.classes.keys()) {
        h.peer = std::max(h.peer, key.peer);
        if (const auto row = maps_.classes.find(key))
            h.cls = std::max(h.cls, row->id);
    }
    for (const auto& [prefix, peer] : peers())
        h.peer = std::max(h.peer, peer);
    for (const auto id : maps_.rule_sets.keys())
        h.rule_set = std::max(h.rule_set, id);
    for (const auto& key : maps_.entries.keys()) {
        h.cls = std::max(h.cls, key.class_id);
        if (const auto row = maps_.entries.find(key))
            h.entry = std::max(h.entry, row->id);
    }
    for (const auto id : maps_.subjects.keys())
        h.subject = std::max(h.subject, id);
    return h;
}

std::vector<MapUse> Writer::use() const {
    return {{"entries", used_.entries, limits_.entries},
            {"classes", used_.classes, limits_.classes},
            {"attributes", used_.attributes, 262'144},
            {"peers4", used_.peers4, limits_.peers},
            {"peers6", used_.peers6, limits_.peers},
            {"prefixes4", used_.prefixes4, limits_.prefixes},
            {"prefixes6", used_.prefixes6, limits_.prefixes},
            {"rule_sets", used_.rule_sets, 8192},
            {"subjects", used_.subjects, limits_.subjects}};
}

} // namespace ringwall::loader
