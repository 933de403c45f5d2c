// The ABI header against the BTF of the built object: user space and kernel see the same structs.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "bpf/abi.h"
#include "ringwall.skel.h"

namespace {

#define MEMBER(type, member) {#member, offsetof(type, member) * 8}

struct Shape {
    const char* name;
    std::size_t size;
    std::map<std::string, std::size_t> members; // bit offsets
};

const Shape shapes[] = {
    {"rw_subject",
     sizeof(rw_subject),
     {MEMBER(rw_subject, rule_set), MEMBER(rw_subject, mode), MEMBER(rw_subject, flags),
      MEMBER(rw_subject, user_ns), MEMBER(rw_subject, root_dev), MEMBER(rw_subject, root_ino)}},
    {"rw_rule_set",
     sizeof(rw_rule_set),
     {MEMBER(rw_rule_set, unconstrained), MEMBER(rw_rule_set, unknown),
      MEMBER(rw_rule_set, epoch)}},
    {"rw_class",
     sizeof(rw_class),
     {MEMBER(rw_class, id), MEMBER(rw_class, out_lengths), MEMBER(rw_class, in_lengths)}},
    {"rw_entry_key",
     sizeof(rw_entry_key),
     {MEMBER(rw_entry_key, rule_set), MEMBER(rw_entry_key, class_id), MEMBER(rw_entry_key, port),
      MEMBER(rw_entry_key, protocol), MEMBER(rw_entry_key, shape)}},
    {"rw_entry",
     sizeof(rw_entry),
     {MEMBER(rw_entry, override_deny), MEMBER(rw_entry, allow), MEMBER(rw_entry, deny),
      MEMBER(rw_entry, id), MEMBER(rw_entry, any)}},
    {"rw_attribute_key",
     sizeof(rw_attribute_key),
     {MEMBER(rw_attribute_key, rule_set), MEMBER(rw_attribute_key, attribute),
      MEMBER(rw_attribute_key, value)}},
    {"rw_control",
     sizeof(rw_control),
     {MEMBER(rw_control, abi_version), MEMBER(rw_control, generation), MEMBER(rw_control, secret),
      MEMBER(rw_control, paused_until), MEMBER(rw_control, flags)}},
    {"rw_principal",
     sizeof(rw_principal),
     {MEMBER(rw_principal, exe), MEMBER(rw_principal, file), MEMBER(rw_principal, groups),
      MEMBER(rw_principal, cgroup), MEMBER(rw_principal, root_dev), MEMBER(rw_principal, uid),
      MEMBER(rw_principal, flags)}},
    {"rw_owner",
     sizeof(rw_owner),
     {MEMBER(rw_owner, principal), MEMBER(rw_owner, netns), MEMBER(rw_owner, sure),
      MEMBER(rw_owner, bits_subject), MEMBER(rw_owner, pid), MEMBER(rw_owner, flags),
      MEMBER(rw_owner, subject_generation)}},
    {"rw_flow",
     sizeof(rw_flow),
     {MEMBER(rw_flow, generation), MEMBER(rw_flow, verdict), MEMBER(rw_flow, direction),
      MEMBER(rw_flow, started), MEMBER(rw_flow, tuple), MEMBER(rw_flow, passed),
      MEMBER(rw_flow, counts)}},
    {"rw_socket", sizeof(rw_socket), {MEMBER(rw_socket, owner), MEMBER(rw_socket, flow)}},
    {"rw_slot",
     sizeof(rw_slot),
     {MEMBER(rw_slot, cookie), MEMBER(rw_slot, freed), MEMBER(rw_slot, claimers),
      MEMBER(rw_slot, socket)}},
    {"rw_handover",
     sizeof(rw_handover),
     {MEMBER(rw_handover, peer_tail), MEMBER(rw_handover, peer_port),
      MEMBER(rw_handover, local_port), MEMBER(rw_handover, owner), MEMBER(rw_handover, passed),
      MEMBER(rw_handover, direction)}},
    {"rw_event",
     sizeof(rw_event),
     {MEMBER(rw_event, time), MEMBER(rw_event, tuple), MEMBER(rw_event, counts),
      MEMBER(rw_event, exe), MEMBER(rw_event, pid), MEMBER(rw_event, sure), MEMBER(rw_event, count),
      MEMBER(rw_event, kind), MEMBER(rw_event, tcp_state), MEMBER(rw_event, error)}},
    {"rw_fold_key",
     sizeof(rw_fold_key),
     {MEMBER(rw_fold_key, principal), MEMBER(rw_fold_key, port)}},
    {"rw_counters",
     sizeof(rw_counters),
     {MEMBER(rw_counters, offered), MEMBER(rw_counters, verdicts), MEMBER(rw_counters, faults)}},
};

// Members of unnamed structs and unions count as the outer struct's own, as in C.
void members_of(const btf* types, const btf_type* type, std::size_t base,
                std::map<std::string, std::size_t>& offsets) {
    for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
        const auto& member = btf_members(type)[i];
        const auto at = base + btf_member_bit_offset(type, i);
        if (const std::string name = btf__name_by_offset(types, member.name_off); !name.empty())
            offsets[name] = at;
        else
            members_of(types, btf__type_by_id(types, member.type), at, offsets);
    }
}

TEST(Abi, EveryStructIsTheSameInTheObject) {
    auto* object = ringwall_bpf__open();
    ASSERT_NE(object, nullptr);
    const btf* types = bpf_object__btf(object->obj);
    for (const auto& shape : shapes) {
        const int id = btf__find_by_name_kind(types, shape.name, BTF_KIND_STRUCT);
        ASSERT_GT(id, 0) << shape.name;
        const btf_type* type = btf__type_by_id(types, static_cast<__u32>(id));
        EXPECT_EQ(type->size, shape.size) << shape.name;
        std::map<std::string, std::size_t> offsets;
        members_of(types, type, 0, offsets);
        for (const auto& [member, offset] : shape.members) {
            ASSERT_TRUE(offsets.contains(member)) << shape.name << "." << member;
            EXPECT_EQ(offsets[member], offset) << shape.name << "." << member;
        }
    }
    ringwall_bpf__destroy(object);
}

} // namespace
