#include "loader/decode.h"

#include <algorithm>
#include <cstring>

namespace ringwall::loader {
namespace {

Address address(const __u8* bytes) {
    Address a;
    std::copy_n(bytes, 16, a.bytes.begin());
    return a;
}

Direction direction(__u8 d) {
    return d == RW_DIR_OUT  ? Direction::outbound
           : d == RW_DIR_IN ? Direction::inbound
                            : Direction::none;
}

void take_tuple(Event& e, const rw_tuple& t, __u8 dir) {
    e.direction = direction(dir);
    e.protocol = t.protocol;
    e.local = address(t.local);
    e.peer = address(t.peer);
    e.local_port = t.local_port;
    e.peer_port = t.peer_port;
}

// Of the service, whose end the direction tells.
void take_service_port(Event& e, __u16 port) {
    const bool icmp = e.protocol == 1 || e.protocol == 58;
    (e.direction == Direction::inbound && !icmp ? e.local_port : e.peer_port) = port;
}

void take_counts(Event& e, const rw_counts& c) {
    e.out_bytes = c.out_bytes;
    e.in_bytes = c.in_bytes;
    e.out_packets = c.out_packets;
    e.in_packets = c.in_packets;
}

} // namespace

const char* name(Verdict v) {
    static constexpr const char* names[] = {"none", "allowed", "would-block", "unmatched",
                                            "blocked"};
    return names[static_cast<std::size_t>(v)];
}

std::string unresolved_reason(std::uint32_t flags) {
    if (!(flags & RW_OWNER_KNOWN))
        return "its socket was made before the agent started or by the kernel";
    if (flags & RW_OWNER_MEMFD)
        return "its program is a file in memory";
    if (flags & RW_OWNER_TOO_LONG)
        return "the path of its program is too long";
    if (flags & RW_OWNER_FOREIGN)
        return "its user namespace or root is not the subject's, so its path may be forged";
    return flags & (RW_OWNER_PATH | RW_OWNER_KERNEL) ? "" : "its program could not be read";
}

bool was_replaced(std::uint32_t flags) {
    return flags & RW_OWNER_DELETED;
}

const char* name(Tampering::What what) {
    switch (what) {
    case Tampering::What::link_detached:
        return "link-detached";
    case Tampering::What::link_unpinned:
        return "link-unpinned";
    case Tampering::What::map_unpinned:
        return "map-unpinned";
    case Tampering::What::map_written:
        return "map-written";
    case Tampering::What::control_written:
        return "control-written";
    }
    return "unknown";
}

static_assert(reason_allow == RW_REASON_ALLOW && reason_idle == RW_REASON_IDLE);

const char* reason_name(std::uint8_t reason) {
    static constexpr const char* names[] = {
        "none",      "allow", "deny",      "override-deny", "no-rule", "failsafe",   "loopback",
        "neighbour", "dhcp",  "malformed", "fragment",      "idle",    "no-subject", "kernel"};
    static_assert(std::size(names) == RW_REASON_MAX);
    return reason < RW_REASON_MAX ? names[reason] : "unknown";
}

std::optional<Event> decode_event(const void* data, std::size_t size) {
    if (size < sizeof(rw_event))
        return std::nullopt;
    rw_event r;
    std::memcpy(&r, data, sizeof r);
    if (r.kind < RW_EVENT_START || r.kind >= RW_EVENT_MAX || r.verdict > RW_VERDICT_BLOCKED ||
        r.reason >= RW_REASON_MAX)
        return std::nullopt;
    Event e;
    e.kind = static_cast<EventKind>(r.kind);
    e.verdict = static_cast<Verdict>(r.verdict);
    e.reason = r.reason;
    take_tuple(e, r.tuple, r.tuple.direction);
    take_counts(e, r.counts);
    e.refused = r.flags & RW_FLOW_REFUSED;
    e.revoked = r.flags & RW_FLOW_REVOKED;
    e.time_ns = r.time;
    e.started_ns = r.started;
    e.cookie = r.cookie;
    e.exe = r.exe;
    e.unit = r.unit;
    e.netns = r.netns;
    e.cgroup = r.cgroup;
    e.process_start_ns = r.start_time;
    e.digest = r.file;
    e.pid = r.pid;
    e.uid = r.uid;
    e.owner_flags = r.owner_flags;
    e.subject = r.subject;
    e.peer_id = r.peer;
    e.entry = r.entry;
    e.rule_set = r.rule_set;
    e.sure = r.sure;
    e.maybe = r.maybe;
    e.srtt_us = r.srtt_us;
    e.retransmits = r.retransmits;
    e.count = r.count ? r.count : 1;
    e.tcp_state = r.tcp_state;
    e.error = r.error;
    return e;
}

Event decode_flow(const rw_socket& s, const std::optional<rw_principal>& who, std::uint64_t cookie,
                  EventKind kind, std::uint64_t now) {
    Event e;
    e.kind = kind;
    e.verdict =
        s.flow.verdict <= RW_VERDICT_BLOCKED ? static_cast<Verdict>(s.flow.verdict) : Verdict::none;
    e.reason = s.flow.reason;
    take_tuple(e, s.flow.tuple, s.flow.direction);
    take_counts(e, s.flow.counts);
    e.time_ns = now;
    e.started_ns = s.flow.started;
    e.cookie = cookie;
    if (who) {
        e.exe = who->exe;
        e.unit = who->unit;
        e.cgroup = who->cgroup;
        e.digest = who->file;
    }
    e.netns = s.owner.netns;
    e.process_start_ns = s.owner.start_time;
    e.pid = s.owner.pid;
    e.uid = s.owner.uid;
    e.owner_flags = s.owner.flags;
    e.subject = s.flow.subject;
    e.peer_id = s.flow.peer;
    e.entry = s.flow.entry;
    e.rule_set = s.flow.rule_set;
    e.sure = s.owner.sure;
    e.maybe = s.owner.maybe;
    return e;
}

Event decode_fold(const rw_fold_key& key, const std::optional<rw_principal>& who,
                  const rw_fold& fold, std::uint32_t count) {
    Event e;
    e.kind = EventKind::deny;
    e.verdict = key.direction & RW_FOLD_PASSED ? Verdict::would_block : Verdict::blocked;
    e.direction = direction(key.direction & ~RW_FOLD_PASSED);
    e.protocol = key.protocol;
    e.peer = address(key.peer);
    take_service_port(e, key.port);
    e.subject = key.subject;
    e.exe = who ? who->exe : 0;
    e.time_ns = fold.last;
    e.started_ns = fold.first;
    e.count = count;
    return e;
}

Impact decode_impact(const rw_impact_key& key, const rw_impact& row,
                     const std::optional<rw_principal>& who) {
    Impact out;
    if (key.change <= RW_CHANGE_ALLOWS)
        out.change = static_cast<Impact::Change>(key.change);
    out.staged = key.staged;
    out.staged_entry = key.staged_entry;
    out.staged_reason = key.staged_reason;
    out.staged_sure = row.staged_sure;
    out.staged_maybe = row.staged_maybe;
    out.principal = key.principal;
    Event& e = out.connection;
    e.direction = direction(key.direction);
    e.protocol = key.protocol;
    e.peer = address(row.peer);
    take_service_port(e, key.port);
    e.subject = key.subject;
    e.peer_id = key.peer;
    e.rule_set = key.rule_set;
    e.entry = key.entry;
    e.reason = key.reason;
    e.sure = row.sure;
    e.maybe = row.maybe;
    if (who) {
        e.exe = who->exe;
        e.unit = who->unit;
        e.cgroup = who->cgroup;
        e.digest = who->file;
        e.uid = who->uid;
        e.owner_flags = who->flags;
    }
    e.started_ns = row.first;
    e.time_ns = row.last;
    out.count = row.count;
    return out;
}

} // namespace ringwall::loader
