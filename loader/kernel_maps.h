// Typed views of every policy map, made once from the loaded object.
#pragma once

#include <array>

#include "bpf/abi.h"
#include "loader/map.h"

struct ringwall_bpf;

namespace ringwall::loader {

using Bytes16 = std::array<std::uint8_t, 16>;

struct KernelMaps {
    explicit KernelMaps(const ringwall_bpf& object);

    Map<std::uint64_t, std::uint32_t> cgroups;
    Map<std::uint32_t, rw_subject> subjects;
    Map<std::uint32_t, rw_rule_set> rule_sets;
    Map<rw_attribute_key, std::uint64_t> attributes;
    Map<rw_class_key, rw_class> classes;
    Map<rw_entry_key, rw_entry> entries;
    Map<rw_segment_key, rw_segment> segments;
    Map<std::uint32_t, std::uint32_t> peers4;
    Map<Bytes16, std::uint32_t> peers6;
    Map<rw_prefix4, std::uint32_t> prefixes4;
    Map<rw_prefix6, std::uint32_t> prefixes6;
    Map<std::uint32_t, std::uint32_t> local4;
    Map<Bytes16, std::uint32_t> local6;
    Map<rw_prefix4, std::uint32_t> service_ranges4;
    Map<rw_prefix6, std::uint32_t> service_ranges6;
    Map<std::uint64_t, std::uint64_t> digests;
    Map<std::uint64_t, rw_path> exes, units;
    Map<std::uint64_t, rw_groups> group_sets;
    Map<std::uint64_t, rw_principal> principals;
    Map<rw_udp_key, rw_socket> udp_flows;
    Map<rw_fold_key, rw_fold> folds;
    Map<rw_impact_key, rw_impact> impacts;
    int sockets = -1, nursery = -1, events = -1, counters = -1, control = -1;
};

} // namespace ringwall::loader
