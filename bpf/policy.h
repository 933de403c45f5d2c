/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Flow key -> verdict.
 *
 * Precedence, whatever the order of rules: failsafe > override-deny > allow > deny > default of
 * the mode. Allow needs a selector that surely holds; deny and override-deny take one that may.
 */
#ifndef RINGWALL_POLICY_H
#define RINGWALL_POLICY_H

#include "bpf/peer.h"
#include "bpf/process.h"

struct rw_decision {
	__u32 subject, rule_set, peer, entry;
	__u8 verdict, reason;
	__u8 direction; /* the one that was decided on, where the question left it open */
	__u8 brief; /* because of a pause or of a rule that ends: asked again for every packet */
};

static __always_inline void rw_clear_decision(struct rw_decision *d, __u32 zero)
{
	d->subject = d->rule_set = d->peer = d->entry = zero;
	d->verdict = d->reason = d->direction = d->brief = zero;
}

/* ---- process bits ------------------------------------------------------------------------- */

static __always_inline __u64 rw_attribute_set(__u32 rule_set, __u32 attribute, __u64 value,
					      __u64 unconstrained)
{
	struct rw_attribute_key key = {
		.rule_set = rule_set, .attribute = attribute, .value = value};
	__u64 *set = bpf_map_lookup_elem(&attributes, &key);
	return set ? *set : unconstrained;
}

static __always_inline bool rw_path_counts(const struct rw_principal *who,
					   const struct rw_subject *s)
{
	if (who->flags & RW_OWNER_KERNEL)
		return true;
	return (who->flags & RW_OWNER_PATH) && who->user_ns == s->user_ns &&
	       who->mount_user_ns == s->user_ns && who->root_dev == s->root_dev &&
	       who->root_ino == s->root_ino;
}

/* Whether any rule of the set names a process at all. */
static __always_inline bool rw_asks_for_process(const struct rw_rule_set *rs)
{
	__u64 free = ~0ull;
	for (int i = 0; i < RW_ATTR_MAX; i++)
		free &= rs->unconstrained[i];
	return free != ~0ull;
}

/* One attribute's part: known values narrow both sets, unknown ones only the sure set. */
#define RW_NARROW(attribute_, known_, value_)                                                      \
	do {                                                                                       \
		__u64 free_ = rs->unconstrained[attribute_];                                       \
		if (free_ == ~0ull)                                                                \
			break;                                                                     \
		__u64 set_ =                                                                       \
			(known_) ? rw_attribute_set(rule_set, attribute_, value_, free_) : free_;  \
		sure &= set_;                                                                      \
		if (known_)                                                                        \
			maybe &= set_;                                                             \
	} while (0)

/* Selectors that some group of the list (or gid) satisfies. Global, so verified once. */
__u64 rw_group_selectors(__u64 groups, __u32 rule_set, __u32 gid, __u64 free)
{
	/* one key for all that is looked up: the stack is short here */
	struct rw_attribute_key key = {
		.rule_set = rule_set, .attribute = RW_ATTR_GROUP, .value = groups};
	struct rw_groups *list = bpf_map_lookup_elem(&group_sets, &key.value);
	key.value = gid;
	__u64 *found = bpf_map_lookup_elem(&attributes, &key);
	__u64 set = found ? *found : free;
	if (!list)
		return set;
	for (__u32 i = 0; i < RW_GROUPS; i++) {
		if (i >= list->count)
			break;
		key.value = list->gid[i];
		found = bpf_map_lookup_elem(&attributes, &key);
		set |= found ? *found : free;
	}
	return set;
}

static __always_inline void rw_ask_digest(const struct rw_owner *o, const struct rw_principal *who)
{
	struct rw_event *e = rw_event_begin(RW_EVENT_EXE);
	if (!e)
		return;
	e->exe = who->exe;
	e->file = who->file;
	e->cgroup = who->cgroup;
	if (o) {
		rw_event_owner(e, o);
		e->subject = o->bits_subject;
	}
	e->time = bpf_ktime_get_ns();
	rw_event_send(e);
}

/* Selectors that hold for a process, and those that may. */
struct rw_bits {
	__u64 sure, maybe;
	__u64 principal;
};

/* `o`: whose flags say why nothing holds; 0 where there is only a principal. */
static __noinline int rw_narrow(struct rw_owner *o, const struct rw_rule_set *rs, __u32 rule_set,
				const struct rw_subject *s, struct rw_bits *bits)
{
	if (!rs || !s || !bits)
		return 0;
	__u64 sure = ~0ull, maybe = ~0ull;
	const struct rw_principal *who =
		bits->principal ? bpf_map_lookup_elem(&principals, &bits->principal) : 0;
	const bool known = who;
	const bool path = known && rw_path_counts(who, s);

	if (!known && bits->principal)
		RW_FAULT(RW_FAULT_CACHE);
	RW_NARROW(RW_ATTR_PATH, path, who->exe);
	RW_NARROW(RW_ATTR_NAME, path, who->name);
	RW_NARROW(RW_ATTR_UNIT, known && who->unit, who->unit);
	RW_NARROW(RW_ATTR_USER, known, who->uid);
	if (rs->unconstrained[RW_ATTR_DIGEST] != ~0ull) {
		__u64 *digest = 0;
		__u64 file = path ? who->file : 0;
		if (file) {
			digest = bpf_map_lookup_elem(&digests, &file);
			if (!digest)
				rw_ask_digest(o, who);
		}
		RW_NARROW(RW_ATTR_DIGEST, digest, *digest);
	}
	if (rs->unconstrained[RW_ATTR_CONTAINER] != ~0ull) {
		struct rw_attribute_key key = {.rule_set = rule_set,
					       .attribute = RW_ATTR_CONTAINER,
					       .value = known ? who->cgroup : 0};
		__u64 *set = known ? bpf_map_lookup_elem(&attributes, &key) : 0;
		sure &= set ? *set : rs->unconstrained[RW_ATTR_CONTAINER];
		if (set)
			maybe &= *set;
	}
	if (rs->unconstrained[RW_ATTR_GROUP] != ~0ull) {
		__u64 free = rs->unconstrained[RW_ATTR_GROUP];
		__u64 set =
			known ? rw_group_selectors(who->groups, rule_set, who->gid, free) : free;
		sure &= set;
		if (known && who->groups)
			maybe &= set;
	}
	if (o && known && !path && (who->flags & RW_OWNER_PATH))
		o->flags |= RW_OWNER_FOREIGN;
	bits->sure = sure;
	bits->maybe = maybe;
	return 0;
}

static __always_inline void rw_make_bits(struct rw_owner *o, const struct rw_rule_set *rs,
					 __u32 rule_set, const struct rw_subject *s, __u32 subject)
{
	struct rw_bits bits = {~0ull, ~0ull, o->principal};
	o->bits_subject = subject;
	if (rw_asks_for_process(rs))
		rw_narrow(o, rs, rule_set, s, &bits);
	o->sure = bits.sure;
	o->maybe = bits.maybe;
	o->bits_rule_set = rule_set;
	o->bits_epoch = rs->epoch;
}

/* ---- entries ------------------------------------------------------------------------------ */

static __always_inline struct rw_entry *rw_entry_at(struct rw_entry_key *key, __u16 port,
						    __u32 length)
{
	key->port = length ? port & (0xffffu << (16 - length)) : 0;
	key->shape = (key->shape & ~RW_ENTRY_LENGTH) | length;
	return bpf_map_lookup_elem(&entries, key);
}

/* Longest existing prefix first; the first hit is the whole answer. */
static __always_inline struct rw_entry *rw_find_entry(__u64 where, __u32 lengths, __u8 direction,
						      __u8 protocol, __u16 port, bool no_port)
{
	struct rw_entry_key key = {
		.rule_set = where >> 32,
		.class_id = where,
		.protocol = protocol,
		.shape = direction == RW_DIR_IN ? RW_ENTRY_IN : 0,
	};
	struct rw_entry *e;

	if (no_port)
		lengths &= 1 | RW_LENGTH_ANY_PROTO;
	if (lengths & (1 << 16)) {
		e = rw_entry_at(&key, port, 16);
		if (e)
			return e;
	}
	if (lengths & 0xfffe) {
		for (int n = 15; n > 0; n--) {
			if (!(lengths & (1u << n)))
				continue;
			e = rw_entry_at(&key, port, n);
			if (e)
				return e;
		}
	}
	if (lengths & 1) {
		e = rw_entry_at(&key, port, 0);
		if (e)
			return e;
	}
	if (!(lengths & RW_LENGTH_ANY_PROTO))
		return 0;
	key.protocol = 0;
	key.shape |= RW_ENTRY_ANY_PROTO;
	return rw_entry_at(&key, 0, 0);
}

static __always_inline __u8 rw_match(const struct rw_entry *e, __u64 sure, __u64 maybe)
{
	if (e->any & RW_ANY_FAILSAFE)
		return RW_REASON_FAILSAFE;
	if ((e->any & RW_ANY_OVERRIDE_DENY) || (e->override_deny & maybe))
		return RW_REASON_OVERRIDE_DENY;
	if ((e->any & RW_ANY_ALLOW) || (e->allow & sure))
		return RW_REASON_ALLOW;
	if ((e->any & RW_ANY_DENY) || (e->deny & maybe))
		return RW_REASON_DENY;
	return RW_REASON_NO_RULE;
}

static __always_inline bool rw_reason_passes(__u8 reason)
{
	return reason == RW_REASON_ALLOW || reason == RW_REASON_FAILSAFE;
}

static __always_inline __u8 rw_verdict_in_mode(__u8 mode, __u8 reason, __u64 paused_until)
{
	if (rw_reason_passes(reason))
		return RW_VERDICT_ALLOWED;
	if (mode == RW_MODE_VISIBILITY)
		return RW_VERDICT_WOULD_BLOCK;
	if (mode == RW_MODE_SELECTIVE && reason == RW_REASON_NO_RULE)
		return RW_VERDICT_UNMATCHED;
	if (paused_until && bpf_ktime_get_ns() < paused_until)
		return RW_VERDICT_WOULD_BLOCK;
	return RW_VERDICT_BLOCKED;
}

static __always_inline bool rw_passes(__u8 verdict)
{
	return verdict != RW_VERDICT_BLOCKED;
}

/* What is asked: a flow of one subject in one direction. */
struct rw_question {
	const struct rw_tuple *tuple;
	struct rw_owner *owner; /* 0: nothing is known, deny takes every selector, allow none */
	__u32 subject;
	__u8 direction;
	bool no_port;
	bool any_process; /* is there a process for which this passes? (packets of the kernel) */
};

static __always_inline __u16 rw_service_port(const struct rw_tuple *t, __u8 direction)
{
	return direction == RW_DIR_IN && !rw_is_icmp(t) ? t->local_port : t->peer_port;
}

/* What a rule look-up needs besides the selector sets, as one scalar. */
#define RW_ASK(direction, protocol, port, no_port)                                                 \
	((__u64)(direction) << 32 | (__u64)(protocol) << 24 | (__u64)(port) << 8 | (no_port))

/* Allowed by a rule that ends by itself, and has not yet. */
static __always_inline bool rw_allowed_for_now(__u32 rule_set, __u32 entry, __u64 sure)
{
	const __u64 now = bpf_ktime_get_boot_ns();
	for (__u32 i = 0; i < RW_SEGMENTS; i++) {
		struct rw_segment_key key = {.rule_set = rule_set, .entry = entry, .index = i};
		struct rw_segment *s = bpf_map_lookup_elem(&segments, &key);
		if (!s)
			return false;
		if (now < s->ends)
			return (s->any & RW_ANY_ALLOW) || (s->allow & sure);
	}
	return false;
}

#define RW_ANSWER_BRIEF (1ull << 40)

static __always_inline __u8 rw_reason_in(__u64 answer)
{
	return answer >> 32;
}

/*
 * Reason << 32 | entry id, RW_ANSWER_BRIEF where only a rule that ends allows it. `where`: rule set
 * << 32 | class. Global with scalar arguments only, so that it is verified once and not again for
 * every way that leads here (5.10 takes no other arguments in a global function).
 */
__u64 rw_rule(__u64 where, __u32 lengths, __u64 ask, __u64 sure, __u64 maybe)
{
	struct rw_entry *e = rw_find_entry(where, lengths, ask >> 32, ask >> 24, ask >> 8, ask & 1);
	if (!e)
		return (__u64)RW_REASON_NO_RULE << 32;
	__u8 reason = rw_match(e, sure, maybe);
	if (e->timed && (reason == RW_REASON_NO_RULE || reason == RW_REASON_DENY) &&
	    rw_allowed_for_now(where >> 32, e->id, sure))
		return RW_ANSWER_BRIEF | (__u64)RW_REASON_ALLOW << 32 | e->id;
	return (__u64)reason << 32 | e->id;
}

static __always_inline __u8 rw_one_direction(const struct rw_question *q, struct rw_decision *d,
					     const struct rw_class *c, __u8 direction, __u64 sure,
					     __u64 maybe)
{
	__u16 port = rw_service_port(q->tuple, direction);
	__u64 ask = RW_ASK(direction, q->tuple->protocol, port, q->no_port);
	__u64 answer =
		rw_rule((__u64)d->rule_set << 32 | c->id,
			direction == RW_DIR_IN ? c->in_lengths : c->out_lengths, ask, sure, maybe);
	d->entry = answer;
	d->brief = !!(answer & RW_ANSWER_BRIEF);
	return rw_reason_in(answer);
}

static __noinline int rw_judge(const struct rw_question *q, const struct rw_subject *s,
			       struct rw_decision *d)
{
	struct rw_control *ctl = rw_ctl();
	if (!q || !s || !d || !ctl)
		return 0;
	__u64 sure = 0, maybe = ~0ull;
	__u8 reason = RW_REASON_NO_RULE;

	d->subject = q->subject;
	d->rule_set = s->rule_set;
	d->peer = rw_peer_of(q->tuple->peer);
	d->entry = d->brief = 0;
	d->direction = q->direction ? q->direction : RW_DIR_IN;
	struct rw_rule_set *rs = bpf_map_lookup_elem(&rule_sets, &d->rule_set);
	if (rs) {
		struct rw_owner *o = q->owner;
		if (o) {
			if (o->bits_rule_set != d->rule_set || o->bits_epoch != rs->epoch ||
			    o->bits_subject != d->subject)
				rw_make_bits(o, rs, d->rule_set, s, d->subject);
			sure = o->sure;
			maybe = o->maybe;
		}
		if (q->any_process) {
			sure = ~0ull;
			maybe = 0;
		}
		struct rw_class c = rw_class_of(rs, d->rule_set, d->peer);
		reason = rw_one_direction(q, d, &c, q->direction ? q->direction : RW_DIR_IN, sure,
					  maybe);
		if (q->direction == RW_DIR_NONE && !rw_reason_passes(reason)) {
			reason = rw_one_direction(q, d, &c, RW_DIR_OUT, sure, maybe);
			if (rw_reason_passes(reason))
				d->direction = RW_DIR_OUT;
		}
	}
	d->verdict = rw_verdict_in_mode(s->mode, reason, ctl->paused_until);
	d->brief |= d->verdict == RW_VERDICT_WOULD_BLOCK && s->mode != RW_MODE_VISIBILITY;
	d->reason = q->no_port && reason == RW_REASON_NO_RULE ? RW_REASON_FRAGMENT : reason;
	return 0;
}

#endif
