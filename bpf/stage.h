/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A staged rule set is judged beside the one in force, on the same connections, and decides
 * nothing: what it would change is counted by rule, process and peer.
 */
#ifndef RINGWALL_STAGE_H
#define RINGWALL_STAGE_H

#include "bpf/policy.h"

/* As if enforcement was on: nothing is staged to be looked at for ever. */
static __always_inline bool rw_would_pass(__u8 mode, __u8 reason)
{
	if (reason == RW_REASON_FRAGMENT)
		reason = RW_REASON_NO_RULE;
	if (mode != RW_MODE_SELECTIVE)
		mode = RW_MODE_FULL;
	return rw_passes(rw_verdict_in_mode(mode, reason, 0));
}

/* RW_ASK, and why it was decided as it was. */
static __always_inline __u64 rw_staged_ask(const struct rw_tuple *t, __u8 direction, __u8 reason,
					   bool no_port)
{
	return (__u64)reason << 40 |
	       RW_ASK(direction, t->protocol, rw_service_port(t, direction), no_port);
}

/* What the two rule sets say of one connection. */
struct rw_outcome {
	struct rw_bits active, staged;
	__u64 answer; /* of rw_rule() under the staged one */
	__u64 decided, ask, address[2];
	__u32 peer;
	__u8 change; /* enum rw_change */
};

/* A frame of its own, beside that of rw_narrow(): a chain of calls has 512 bytes. */
static __noinline int rw_count_impact(const struct rw_subject *s, const struct rw_outcome *is)
{
	if (!s || !is)
		return 0;
	struct rw_impact_key key = {.subject = is->decided >> 32, .staged = s->staged};
	if (is->change != RW_CHANGE_NONE) {
		key.principal = is->staged.principal;
		key.rule_set = s->rule_set;
		key.peer = is->peer;
		key.staged_entry = is->answer;
		key.entry = is->decided;
		key.port = is->ask >> 8;
		key.protocol = is->ask >> 24;
		key.direction = is->ask >> 32;
		key.staged_reason = rw_reason_in(is->answer);
		key.reason = is->ask >> 40;
		key.change = is->change;
	}
	__u64 now = bpf_ktime_get_ns();
	struct rw_impact *known = bpf_map_lookup_elem(&impacts, &key);
	if (known) {
		__sync_fetch_and_add(&known->count, 1);
		known->last = now;
		__builtin_memcpy(known->peer, &is->address[0], 8);
		__builtin_memcpy(known->peer + 8, &is->address[1], 8);
		return 0;
	}
	struct rw_impact fresh = {.count = 1,
				  .first = now,
				  .last = now,
				  .sure = is->active.sure,
				  .maybe = is->active.maybe,
				  .staged_sure = is->staged.sure,
				  .staged_maybe = is->staged.maybe};
	__builtin_memcpy(fresh.peer, &is->address[0], 8);
	__builtin_memcpy(fresh.peer + 8, &is->address[1], 8);
	if (bpf_map_update_elem(&impacts, &key, &fresh, BPF_NOEXIST))
		RW_FAULT(RW_FAULT_IMPACT);
	return 0;
}

static __always_inline void rw_narrow_under(__u32 rule_set, const struct rw_subject *s,
					    struct rw_bits *bits)
{
	struct rw_rule_set *rs = bpf_map_lookup_elem(&rule_sets, &rule_set);
	bits->sure = bits->maybe = ~0ull;
	if (rs && rw_asks_for_process(rs))
		rw_narrow(0, rs, rule_set, s, bits);
}

/*
 * `decided`: subject << 32 | entry. `ask`: rw_staged_ask(). `high`, `low`: the peer's address.
 * Global with scalars only, so verified once.
 */
__u64 rw_stage(__u64 decided, __u64 ask, __u64 principal, __u64 high, __u64 low)
{
	struct rw_outcome is = {.active.principal = principal,
				.staged.principal = principal,
				.decided = decided,
				.ask = ask,
				.address = {high, low}};
	__u32 subject = decided >> 32;
	struct rw_subject *s = bpf_map_lookup_elem(&subjects, &subject);
	if (!s)
		return 0;
	__u32 staged = s->staged;
	struct rw_rule_set *rs = bpf_map_lookup_elem(&rule_sets, &staged);
	if (!rs)
		return 0;
	is.peer = rw_peer_of((const __u8 *)is.address);
	rw_narrow_under(staged, s, &is.staged);
	struct rw_class c = rw_class_of(rs, staged, is.peer);
	__u32 lengths = (is.ask >> 32 & 3) == RW_DIR_IN ? c.in_lengths : c.out_lengths;
	is.answer = rw_rule((__u64)staged << 32 | c.id, lengths, is.ask, is.staged.sure,
			    is.staged.maybe);
	bool before = rw_would_pass(s->mode, is.ask >> 40);
	bool after = rw_would_pass(s->mode, rw_reason_in(is.answer));
	if (before != after) {
		is.change = after ? RW_CHANGE_ALLOWS : RW_CHANGE_BLOCKS;
		rw_narrow_under(s->rule_set, s, &is.active);
	}
	return rw_count_impact(s, &is);
}

static __always_inline void rw_judge_staged(const struct rw_tuple *t, const struct rw_owner *o,
					    __u64 decided, __u64 ask)
{
	const __u64 *peer = (const __u64 *)t->peer;
	rw_stage(decided, ask, o ? o->principal : 0, peer[0], peer[1]);
}

#endif
