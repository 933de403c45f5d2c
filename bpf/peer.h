/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Who: cgroup -> subject, address -> peer id -> class. */
#ifndef RINGWALL_PEER_H
#define RINGWALL_PEER_H

#include "bpf/maps.h"
#include "bpf/event.h"
#include "bpf/packet.h"

/* Address -> peer id; 0 for an address that no workload has and no list covers. */
static __always_inline __u32 rw_peer_of(const __u8 address[16])
{
	__u32 *id;
	if (rw_is_v4(address)) {
		struct rw_prefix4 key = {.length = 32, .address = rw_unmap4(address)};
		id = bpf_map_lookup_elem(&peers4, &key.address);
		if (!id)
			id = bpf_map_lookup_elem(&prefixes4, &key);
	} else {
		struct rw_prefix6 key = {.length = 128};
		__builtin_memcpy(key.address, address, 16);
		id = bpf_map_lookup_elem(&peers6, key.address);
		if (!id)
			id = bpf_map_lookup_elem(&prefixes6, &key);
	}
	return id ? *id : 0;
}

/* An address of this host's subjects -> subject id; 0 otherwise. */
static __always_inline __u32 rw_local_subject(const __u8 address[16])
{
	__u32 *id;
	if (rw_is_v4(address)) {
		__be32 key = rw_unmap4(address);
		id = bpf_map_lookup_elem(&local4, &key);
	} else {
		struct rw_address6 key;
		__builtin_memcpy(key.bytes, address, 16);
		id = bpf_map_lookup_elem(&local6, &key);
	}
	return id ? *id : 0;
}

/* Connecting there passes address translation: only the packet knows the real peer. */
static __always_inline bool rw_translated(const __u8 address[16])
{
	if (rw_is_v4(address)) {
		struct rw_prefix4 key = {.length = 32, .address = rw_unmap4(address)};
		return bpf_map_lookup_elem(&service_ranges4, &key);
	}
	struct rw_prefix6 key = {.length = 128};
	__builtin_memcpy(key.address, address, 16);
	return bpf_map_lookup_elem(&service_ranges6, &key);
}

static __always_inline struct rw_class rw_class_of(const struct rw_rule_set *rs, __u32 rule_set,
						   __u32 peer)
{
	if (peer) {
		struct rw_class_key key = {.rule_set = rule_set, .peer = peer};
		struct rw_class *c = bpf_map_lookup_elem(&classes, &key);
		if (c)
			return *c;
	}
	return rs->unknown;
}

/* The cached answer for a cgroup, or ~0 when there is none that still counts. */
static __always_inline __u32 rw_cached_subject(__u64 cgroup, __u32 generation)
{
	struct rw_cgroup_cache *c = bpf_map_lookup_elem(&cgroup_cache, &cgroup);
	return c && c->generation == generation ? c->subject : ~0u;
}

static __always_inline void rw_cache_subject(__u64 cgroup, __u32 generation, __u32 subject)
{
	struct rw_cgroup_cache c = {.subject = subject, .generation = generation};
	if (bpf_map_update_elem(&cgroup_cache, &cgroup, &c, BPF_ANY))
		RW_FAULT(RW_FAULT_CACHE);
}

static __always_inline __u32 rw_subject_at(__u64 ancestor)
{
	__u32 *subject = ancestor ? bpf_map_lookup_elem(&cgroups, &ancestor) : 0;
	return subject ? *subject : 0;
}

/* Nearest ancestor cgroup that is a subject; 0 for none. Global, so verified once. */
__u32 rw_subject_of_socket(struct __sk_buff *skb, __u32 generation)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	__u64 cgroup = bpf_sk_cgroup_id(sk);
	__u32 subject = rw_cached_subject(cgroup, generation);
	if (subject != ~0u)
		return subject;
	subject = 0;
	for (int level = RW_CGROUP_DEPTH; level >= 0 && !subject; level--)
		subject = rw_subject_at(bpf_sk_ancestor_cgroup_id(sk, level));
	rw_cache_subject(cgroup, generation, subject);
	return subject;
}

/* The same for the current task: equal unless it changed cgroup after making the socket. */
__u32 rw_subject_of_task(__u32 generation)
{
	__u64 cgroup = bpf_get_current_cgroup_id();
	__u32 subject = rw_cached_subject(cgroup, generation);
	if (subject != ~0u)
		return subject;
	subject = 0;
	for (int level = RW_CGROUP_DEPTH; level >= 0 && !subject; level--)
		subject = rw_subject_at(bpf_get_current_ancestor_cgroup_id(level));
	rw_cache_subject(cgroup, generation, subject);
	return subject;
}

#endif
