/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Every map: who writes, who reads, when entries die. "loader" is user space. max_entries of the
 * policy maps are set by the loader before loading. Keys and values: abi.h.
 */
#ifndef RINGWALL_MAPS_H
#define RINGWALL_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

#define RW_HASH(name_, key_, value_, max_, flags_)                                                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, max_);                                                         \
		__uint(map_flags, flags_);                                                         \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
	} name_ SEC(".maps")

#define RW_LRU(name_, key_, value_, max_)                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);                                               \
		__uint(max_entries, max_);                                                         \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
	} name_ SEC(".maps")

#define RW_LPM(name_, key_, value_, max_)                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);                                               \
		__uint(max_entries, max_);                                                         \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
	} name_ SEC(".maps")

struct rw_address6 {
	__u8 bytes[16];
};

/* Policy: written by the loader only, in the order of Datapath::apply; removed by it. */
RW_HASH(cgroups, __u64, __u32, 4096, 0);
RW_HASH(subjects, __u32, struct rw_subject, 4096, 0);
RW_HASH(rule_sets, __u32, struct rw_rule_set, 8192, 0);
RW_HASH(attributes, struct rw_attribute_key, __u64, 262144, BPF_F_NO_PREALLOC);
RW_HASH(classes, struct rw_class_key, struct rw_class, 2000000, BPF_F_NO_PREALLOC);
RW_HASH(entries, struct rw_entry_key, struct rw_entry, 524288, BPF_F_NO_PREALLOC);
RW_HASH(segments, struct rw_segment_key, struct rw_segment, 65536, BPF_F_NO_PREALLOC);
RW_HASH(peers4, __be32, __u32, 1000000, BPF_F_NO_PREALLOC);
RW_HASH(peers6, struct rw_address6, __u32, 1000000, BPF_F_NO_PREALLOC);
RW_LPM(prefixes4, struct rw_prefix4, __u32, 262144);
RW_LPM(prefixes6, struct rw_prefix6, __u32, 262144);
RW_HASH(local4, __be32, __u32, 16384, BPF_F_NO_PREALLOC);
RW_HASH(local6, struct rw_address6, __u32, 16384, BPF_F_NO_PREALLOC);
RW_LPM(service_ranges4, struct rw_prefix4, __u32, 1024);
RW_LPM(service_ranges6, struct rw_prefix6, __u32, 1024);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct rw_control);
} control SEC(".maps");

/* Caches: written by the programs, die by LRU; always checked against what they stand for. */
RW_LRU(cgroup_cache, __u64, struct rw_cgroup_cache, 16384);
RW_LRU(unit_cache, __u64, __u64, 8192); /* cgroup id -> unit id; a v2 cgroup is never renamed */
RW_LRU(exes, __u64, struct rw_path, 8192);
RW_LRU(units, __u64, struct rw_path, 4096);
RW_LRU(group_sets, __u64, struct rw_groups, 4096);

RW_LRU(principals, __u64, struct rw_principal, 16384);
RW_LRU(digests, __u64, __u64, 16384); /* written by the agent, asked again when lost */

struct rw_process {
	__u64 start_time;
	__u64 exec_id;
	__u64 exe_file; /* extra check only: pointers are reused */
	__u64 id;	/* of `who`; 0 until unit, user and groups were filled in */
	struct rw_principal who;
};
RW_LRU(processes, __u32, struct rw_process, 16384); /* by thread group id */

/* Work space of one path walk: private to the task, so preemption cannot mix two paths. */
struct rw_walk {
	struct rw_process process;
	struct rw_path path;
	char slack[256]; /* a name is read whole before its end is checked */
	char name[256];
};
RW_HASH(walks, __u64, struct rw_walk, 1024, BPF_F_NO_PREALLOC);

/* Flow state. sockets: the programs, and the loader by descriptor for sockets that are older;
 * dies with the socket. nursery: the programs, see bpf/nursery.h. udp_flows: earlier peers of
 * unconnected sockets, allowed ones only; LRU, swept by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rw_socket);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_NURSERY_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE); /* for its alignment to a page */
	__type(key, __u32);
	__type(value, struct rw_slot);
} nursery SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_handover);
} handovers SEC(".maps");

RW_LRU(udp_flows, struct rw_udp_key, struct rw_socket, 32768);

/* Events out. folds: written by the programs, drained and deleted by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");
RW_HASH(folds, struct rw_fold_key, struct rw_fold, 65536, BPF_F_NO_PREALLOC);
/* Written by the programs while something is staged; read and removed by the loader. */
RW_HASH(impacts, struct rw_impact_key, struct rw_impact, 16384, BPF_F_NO_PREALLOC);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_counters);
} counters SEC(".maps");

#endif
