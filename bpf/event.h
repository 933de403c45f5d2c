/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Events out: offered = submitted + folded + lost, per kind. Records are only woken up for in
 * batches; the reader also looks on a timer. A question is answered at once: the process that it is
 * about may end the next moment.
 */
#ifndef RINGWALL_EVENT_H
#define RINGWALL_EVENT_H

#include "bpf/maps.h"
#include "bpf/packet.h"

#define RW_WAKE_BYTES (256 << 10)

static __always_inline struct rw_counters *rw_count(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&counters, &zero);
}

/* Per-CPU, but one CPU may be interrupted between load and store: atomic. */
#define RW_ADD(field, n)                                                                           \
	do {                                                                                       \
		struct rw_counters *c_ = rw_count();                                               \
		if (c_)                                                                            \
			__sync_fetch_and_add(&c_->field, n);                                       \
	} while (0)
#define RW_INC(field) RW_ADD(field, 1)
#define RW_FAULT(which) RW_INC(faults[which])

static __always_inline struct rw_event *rw_event_begin(__u8 kind)
{
	RW_INC(offered[kind & (RW_EVENT_SLOTS - 1)]);
	struct rw_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		RW_INC(lost[kind & (RW_EVENT_SLOTS - 1)]);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = kind;
	return e;
}

static __always_inline void rw_event_send(struct rw_event *e)
{
	RW_INC(submitted[e->kind & (RW_EVENT_SLOTS - 1)]);
	bool wake = e->kind == RW_EVENT_EXE ||
		    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= RW_WAKE_BYTES;
	bpf_ringbuf_submit(e, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline struct rw_principal *rw_principal_of(const struct rw_owner *o)
{
	__u64 id = o ? o->principal : 0;
	return id ? bpf_map_lookup_elem(&principals, &id) : 0;
}

static __always_inline void rw_event_owner(struct rw_event *e, const struct rw_owner *o)
{
	if (!o)
		return;
	const struct rw_principal *who = rw_principal_of(o);
	if (who) {
		e->exe = who->exe;
		e->unit = who->unit;
		e->cgroup = who->cgroup;
		e->file = who->file;
	}
	e->netns = o->netns;
	e->start_time = o->start_time;
	e->pid = o->pid;
	e->uid = o->uid;
	e->owner_flags = o->flags;
	e->sure = o->sure;
	e->maybe = o->maybe;
}

static __always_inline void rw_event_flow(struct rw_event *e, const struct rw_flow *f)
{
	e->started = f->started;
	e->tuple = f->tuple;
	e->tuple.direction = f->direction;
	e->counts = f->counts;
	e->subject = f->subject;
	e->peer = f->peer;
	e->entry = f->entry;
	e->rule_set = f->rule_set;
	e->policy_generation = f->generation;
	e->verdict = f->verdict;
	e->reason = f->reason;
	e->flags = f->flags;
	e->count = 1;
}

static __noinline int rw_emit(__u8 kind, const struct rw_flow *f, const struct rw_owner *o,
			      __u64 cookie, __u64 now)
{
	struct rw_event *e = f ? rw_event_begin(kind) : 0;
	if (!e)
		return 0;
	rw_event_flow(e, f);
	rw_event_owner(e, o);
	e->time = now;
	e->cookie = cookie;
	rw_event_send(e);
	return 0;
}

/* True when this deny repeats one that was sent: counted there. */
static __noinline int rw_fold_deny(const struct rw_flow *f, const struct rw_owner *o, __u64 now)
{
	struct rw_fold_key key = {};
	if (!f)
		return false;
	__builtin_memcpy(key.peer, f->tuple.peer, 16);
	key.principal = o ? o->principal : 0;
	key.subject = f->subject;
	key.protocol = f->tuple.protocol;
	key.direction = f->direction;
	if (f->verdict != RW_VERDICT_BLOCKED)
		key.direction |= RW_FOLD_PASSED;
	key.port = f->direction == RW_DIR_IN && !rw_is_icmp(&f->tuple) ? f->tuple.local_port
								       : f->tuple.peer_port;
	struct rw_fold *fold = bpf_map_lookup_elem(&folds, &key);
	if (fold) {
		__sync_fetch_and_add(&fold->count, 1);
		fold->last = now;
		return true;
	}
	struct rw_fold fresh = {.first = now, .last = now};
	if (bpf_map_update_elem(&folds, &key, &fresh, BPF_NOEXIST))
		RW_FAULT(RW_FAULT_FOLD_FULL);
	return false;
}

static __always_inline void rw_emit_deny(const struct rw_flow *f, const struct rw_owner *o,
					 __u64 cookie, __u64 now)
{
	if (!(f->flags & RW_FLOW_REVOKED) && rw_fold_deny(f, o, now)) {
		RW_INC(offered[RW_EVENT_DENY]);
		RW_INC(folded[RW_EVENT_DENY]);
		return;
	}
	rw_emit(RW_EVENT_DENY, f, o, cookie, now);
}

#endif
