// Plain rows (datapath.h) <-> kernel keys and values (abi.h).
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "bpf/abi.h"
#include "loader/datapath.h"
#include "loader/kernel_maps.h"
#include "loader/map.h"

namespace ringwall::loader {

inline std::uint32_t key4(const Address& a) {
    std::uint32_t out = 0;
    std::memcpy(&out, a.bytes.data() + 12, 4);
    return out;
}

inline Address address4(std::uint32_t network_order) {
    return Address::v4(ntohl(network_order));
}

inline rw_prefix4 lpm4(const Prefix& p) {
    return {p.length, key4(p.address)};
}

inline rw_prefix6 lpm6(const Prefix& p) {
    rw_prefix6 key{.length = p.length, .address = {}};
    std::copy_n(p.address.bytes.begin(), 16, key.address);
    return key;
}

inline rw_class to_kernel(const ClassRef& c) {
    return {c.id, c.out_lengths, c.in_lengths};
}

inline rw_class_key key_of(const ClassRow& row) {
    return {row.rule_set, row.peer};
}

inline rw_attribute_key key_of(const AttributeRow& row) {
    return {row.rule_set, static_cast<std::uint32_t>(row.attribute), row.value};
}

inline rw_entry_key key_of(const EntryRow& row) {
    rw_entry_key key{.rule_set = row.rule_set,
                     .class_id = row.cls,
                     .port = row.port,
                     .protocol = row.protocol,
                     .shape = row.length};
    if (row.any_protocol)
        key.shape |= RW_ENTRY_ANY_PROTO;
    if (row.inbound)
        key.shape |= RW_ENTRY_IN;
    return key;
}

inline rw_entry to_kernel(const EntryRow& row) {
    rw_entry e{};
    e.override_deny = row.override_deny;
    e.allow = row.allow;
    e.deny = row.deny;
    e.id = row.id;
    e.any = (row.any_failsafe ? RW_ANY_FAILSAFE : 0) |
            (row.any_override_deny ? RW_ANY_OVERRIDE_DENY : 0) |
            (row.any_allow ? RW_ANY_ALLOW : 0) | (row.any_deny ? RW_ANY_DENY : 0);
    e.timed = !row.segments.empty();
    return e;
}

inline rw_segment to_kernel(const Segment& s) {
    return {.ends = s.ends_ns,
            .allow = s.allow,
            .any = s.any_allow ? static_cast<std::uint32_t>(RW_ANY_ALLOW) : 0,
            .reserved = 0};
}

inline rw_rule_set to_kernel(const RuleSetRow& row) {
    rw_rule_set out{};
    std::copy(row.unconstrained.begin(), row.unconstrained.end(), out.unconstrained);
    out.unknown = to_kernel(row.unknown);
    return out;
}

inline rw_subject to_kernel(const Subject& s) {
    rw_subject out{};
    out.rule_set = s.rule_set;
    out.mode = static_cast<std::uint8_t>(s.mode);
    out.flags = s.loopback_events ? RW_SUBJECT_LOOPBACK_EVENTS : 0;
    out.user_ns = s.root.user_ns;
    out.root_dev = s.root.device;
    out.root_ino = s.root.inode;
    out.staged = s.staged;
    return out;
}

} // namespace ringwall::loader
