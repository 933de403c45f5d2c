/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The verdict stays on the socket. TCP: one flow a socket. Everything else: the present peer on
 * the socket, earlier ones in udp_flows, allowed ones only.
 */
#ifndef RINGWALL_FLOW_H
#define RINGWALL_FLOW_H

#include "bpf/nursery.h"
#include "bpf/policy.h"

/* One packet on its way through the slow path. */
struct rw_scene {
	struct __sk_buff *skb;
	struct bpf_sock *sk;
	struct rw_socket *socket; /* storage; 0 when there is none */
	struct rw_subject *subject;
	__u64 now;
	__u32 generation;
	__u32 subject_id;
};

static __always_inline __u64 rw_cookie(const struct rw_scene *sc)
{
	return bpf_get_socket_cookie(sc->skb);
}

static __always_inline int rw_drop(void)
{
	RW_INC(dropped_packets);
	return 0;
}

static __always_inline void rw_count_packet(struct rw_flow *f, const struct rw_packet *p, __u64 now)
{
	if (p->egress) {
		f->counts.out_bytes += p->bytes;
		f->counts.out_packets++;
		f->flags |= RW_FLOW_OUT_SEEN;
	} else {
		f->counts.in_bytes += p->bytes;
		f->counts.in_packets++;
		f->flags |= RW_FLOW_IN_SEEN;
	}
	f->last = now;
}

static __always_inline void rw_begin_flow(struct rw_flow *f, const struct rw_tuple *t,
					  __u8 direction, __u64 now)
{
	__builtin_memset(f, 0, sizeof(*f));
	f->tuple = *t;
	f->flags = t->protocol == IPPROTO_TCP ? RW_FLOW_TCP : 0;
	f->direction = direction;
	f->started = now;
	f->last = now;
}

static __always_inline void rw_count_decision(const struct rw_decision *d)
{
	struct rw_counters *c = rw_count();
	if (!c)
		return;
	__sync_fetch_and_add(&c->verdicts[d->verdict & (RW_VERDICT_SLOTS - 1)], 1);
	__sync_fetch_and_add(&c->reasons[d->reason & (RW_REASON_SLOTS - 1)], 1);
}

static __always_inline void rw_set_decision(struct rw_flow *f, const struct rw_decision *d,
					    __u32 generation)
{
	f->verdict = d->verdict;
	f->reason = d->reason;
	f->subject = d->subject;
	f->peer = d->peer;
	f->entry = d->entry;
	f->rule_set = d->rule_set;
	f->generation = d->brief ? 0 : generation;
}

/*
 * Writes a decision into a flow; true when it says something new. A flow that was reported and
 * loses its permission is marked: its reset may leave, and the agent ends its socket. Entry ids
 * are numbered anew in every rule set: across rule sets only verdict and reason tell a change.
 */
static __always_inline bool rw_decide(struct rw_flow *f, const struct rw_decision *d,
				      __u32 generation)
{
	bool same_set = f->rule_set == d->rule_set;
	bool changed = f->verdict != d->verdict || f->reason != d->reason ||
		       (same_set && f->entry != d->entry);
	if (rw_passes(d->verdict))
		f->flags &= ~RW_FLOW_REVOKED;
	else if ((f->flags & RW_FLOW_REPORTED) && rw_passes(f->verdict))
		f->flags |= RW_FLOW_REVOKED;
	rw_set_decision(f, d, generation);
	return changed;
}

/*
 * What a decision is worth saying: a blocked flow at once, a changed one at once, a new datagram
 * flow at once. A new TCP connection is one record, its end; the sweep reports the start of those
 * that live long enough to be seen.
 */
static __always_inline void rw_report(struct rw_flow *f, const struct rw_owner *o,
				      struct __sk_buff *skb, __u64 now, bool changed)
{
	bool reported = f->flags & RW_FLOW_REPORTED;
	if (f->verdict == RW_VERDICT_BLOCKED) {
		rw_emit_deny(f, o, bpf_get_socket_cookie(skb), now);
		return;
	}
	f->flags |= RW_FLOW_REPORTED;
	if (reported ? changed : f->tuple.protocol != IPPROTO_TCP)
		rw_emit(reported ? RW_EVENT_UPDATE : RW_EVENT_START, f, o,
			bpf_get_socket_cookie(skb), now);
}

/* A decision on which nothing is kept: listeners, packets of the kernel, broken packets. */
static __noinline int rw_conclude_transient(struct rw_scene *sc, const struct rw_packet *p,
					    const struct rw_decision *d, __u8 direction)
{
	struct rw_flow f;
	if (!sc || !p || !d)
		return 1;
	if (d->verdict != RW_VERDICT_BLOCKED && d->verdict != RW_VERDICT_WOULD_BLOCK)
		return 1;
	sc->now = bpf_ktime_get_ns();
	rw_begin_flow(&f, &p->tuple, direction, sc->now);
	rw_set_decision(&f, d, sc->generation);
	rw_emit_deny(&f, sc->socket ? &sc->socket->owner : 0, rw_cookie(sc), sc->now);
	return rw_passes(d->verdict) ? 1 : rw_drop();
}

/* ---- TCP ---------------------------------------------------------------------------------- */

static __always_inline bool rw_is_reset_of_revoked(const struct rw_flow *f,
						   const struct rw_packet *p)
{
	return (f->flags & RW_FLOW_REVOKED) && (p->flags & RW_PKT_RST);
}

/* Blocked a moment ago, under the same policy: not asked again. */
static __always_inline bool rw_still_blocked(const struct rw_flow *f, __u32 generation, __u64 now)
{
	return f->generation == generation && f->verdict == RW_VERDICT_BLOCKED &&
	       now - f->last < RW_BLOCK_KEPT_NS;
}

/* The direction is known from connect or listen; for a socket older than the agent, only a SYN
 * tells it. */
static __always_inline __u8 rw_tcp_direction(const struct rw_flow *f, const struct rw_packet *p)
{
	if (f->direction != RW_DIR_NONE || !(p->flags & RW_PKT_SYN))
		return f->direction;
	return p->egress ? RW_DIR_OUT : RW_DIR_IN;
}

/*
 * What connect found holds for the SYN when nothing was translated in between: same peer, subject
 * and generation. Only decisions that pass are kept there.
 */
static __always_inline bool rw_foreseen(const struct rw_scene *sc, const struct rw_flow *f,
					const struct rw_packet *p, struct rw_decision *d)
{
	const __u64 *a = (const __u64 *)f->tuple.peer, *b = (const __u64 *)p->tuple.peer;
	if (!(f->flags & RW_FLOW_FORESEEN) || f->generation != sc->generation ||
	    f->subject != sc->subject_id || f->tuple.peer_port != p->tuple.peer_port ||
	    a[0] != b[0] || a[1] != b[1])
		return false;
	d->subject = f->subject;
	d->rule_set = f->rule_set;
	d->peer = f->peer;
	d->entry = f->entry;
	d->verdict = f->tuple.foreseen;
	d->reason = f->reason;
	return true;
}

static __always_inline void rw_foresee(struct rw_flow *f, const struct rw_tuple *t,
				       const struct rw_decision *d, __u32 generation)
{
	f->tuple = *t;
	f->tuple.protocol = 0;
	f->tuple.foreseen = d->verdict;
	f->subject = d->subject;
	f->rule_set = d->rule_set;
	f->peer = d->peer;
	f->entry = d->entry;
	f->reason = d->reason;
	f->generation = generation;
	f->flags |= RW_FLOW_FORESEEN;
}

/*
 * A listener keeps no verdict, but remembers whose SYN was allowed last. Until the generation
 * rises, that answers the peer's next SYN, the ACK that ends the handshake, and the accepted
 * socket's first packet. The port is the listener's own in each case: with a transparent proxy
 * nothing is kept.
 */
static __always_inline __u64 rw_word(__be32 peer, __u32 value)
{
	return (__u64)peer << 32 | value;
}

static __always_inline bool rw_is_port_of(const struct bpf_sock *sk, const struct rw_packet *p)
{
	return p->tuple.family == 4 && sk->src_port == p->tuple.local_port;
}

static __always_inline bool rw_passed_before(const struct rw_scene *sc, const struct rw_packet *p)
{
	return sc->socket && rw_is_port_of(sc->sk, p) && !sc->socket->flow.generation &&
	       sc->socket->flow.passed.generation ==
		       rw_word(rw_unmap4(p->tuple.peer), sc->generation);
}

static __always_inline void rw_remember(struct rw_scene *sc, const struct rw_packet *p,
					const struct rw_decision *d)
{
	if (!sc->socket || !rw_is_port_of(sc->sk, p) || d->reason != RW_REASON_ALLOW || d->brief)
		return;
	struct rw_passed *kept = &sc->socket->flow.passed;
	__be32 peer = rw_unmap4(p->tuple.peer);
	kept->rule_set = rw_word(peer, d->rule_set);
	kept->peer = rw_word(peer, d->peer);
	kept->entry = rw_word(peer, d->entry);
	kept->generation = rw_word(peer, sc->generation);
}

/* What the listener found for this connection's SYN. */
static __always_inline bool rw_inherited(const struct rw_scene *sc, const struct rw_packet *p,
					 struct rw_decision *d)
{
	const struct rw_flow *f = &sc->socket->flow;
	const struct rw_passed *kept = &f->passed;
	__be32 peer = rw_unmap4(p->tuple.peer);
	if (f->verdict != RW_VERDICT_NONE || f->direction != RW_DIR_IN ||
	    !rw_passed_before(sc, p) || kept->rule_set != rw_word(peer, sc->subject->rule_set) ||
	    kept->peer >> 32 != peer || kept->entry >> 32 != peer)
		return false;
	d->subject = sc->subject_id;
	d->rule_set = kept->rule_set;
	d->peer = kept->peer;
	d->entry = kept->entry;
	d->verdict = RW_VERDICT_ALLOWED;
	d->reason = RW_REASON_ALLOW;
	return true;
}

static __noinline int rw_conclude_tcp(struct rw_scene *sc, const struct rw_packet *p,
				      const struct rw_decision *d, __u8 direction)
{
	if (!sc || !p || !d || !sc->socket)
		return 1;
	struct rw_flow *f = &sc->socket->flow;
	bool older = f->verdict == RW_VERDICT_NONE && !(p->flags & RW_PKT_SYN) &&
		     (sc->socket->owner.flags & RW_OWNER_BACKFILLED);
	if (f->verdict == RW_VERDICT_NONE)
		rw_begin_flow(f, &p->tuple, direction, sc->now);
	bool changed = rw_decide(f, d, sc->generation);
	if (older && !rw_passes(f->verdict)) /* it passed before there was an agent */
		f->flags |= RW_FLOW_REVOKED;
	f->last = sc->now;
	rw_report(f, &sc->socket->owner, sc->skb, sc->now, changed);
	if (rw_passes(f->verdict) || rw_is_reset_of_revoked(f, p))
		return 1;
	return rw_drop();
}

/* ---- everything else ---------------------------------------------------------------------- */

static __always_inline bool rw_expired(const struct rw_flow *f, __u64 now)
{
	const __u8 both = RW_FLOW_OUT_SEEN | RW_FLOW_IN_SEEN;
	__u64 kept = (f->flags & both) == both ? RW_UDP_BOTH_WAYS_NS : RW_UDP_ONE_WAY_NS;
	return now - f->last > kept;
}

/* An ICMP reply belongs to the flow of its request, seen from the other end. */
static __always_inline __u16 rw_request_port(const struct rw_packet *p)
{
	__u8 type = p->icmp >> 8;
	if (p->flags & RW_PKT_ICMP) {
		if (p->tuple.family == 4 && type == RW_ICMP_REPLY)
			return RW_ICMP_REQUEST << 8;
		if (p->tuple.family == 4 && type == RW_ICMP_STAMP_REPLY)
			return RW_ICMP_STAMP << 8;
		if (p->tuple.family == 6 && type == RW_ICMP6_REPLY)
			return RW_ICMP6_REQUEST << 8;
	}
	return p->tuple.peer_port;
}

static __always_inline bool rw_is_flow_of(const struct rw_flow *f, const struct rw_packet *p,
					  __u16 peer_port, __u64 now)
{
	const __u64 *a = (const __u64 *)f->tuple.peer, *b = (const __u64 *)p->tuple.peer;
	return f->verdict != RW_VERDICT_NONE && rw_passes(f->verdict) && a[0] == b[0] &&
	       a[1] == b[1] && f->tuple.peer_port == peer_port &&
	       f->tuple.protocol == p->tuple.protocol && !rw_expired(f, now);
}

static __always_inline void rw_udp_key_of(struct rw_udp_key *key, const struct rw_tuple *t,
					  __u16 peer_port, __u64 cookie)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = cookie;
	__builtin_memcpy(key->peer, t->peer, 16);
	key->peer_port = peer_port;
	key->protocol = t->protocol;
}

/* The live flow that this packet belongs to; 0 when it begins one. */
static __always_inline struct rw_flow *rw_datagram_flow(struct rw_scene *sc,
							const struct rw_packet *p)
{
	struct rw_flow *own = &sc->socket->flow;
	__u16 peer_port = rw_request_port(p);
	struct rw_udp_key key;
	if (rw_is_flow_of(own, p, peer_port, sc->now))
		return own;
	rw_udp_key_of(&key, &p->tuple, peer_port, rw_cookie(sc));
	struct rw_socket *earlier = bpf_map_lookup_elem(&udp_flows, &key);
	if (earlier && rw_is_flow_of(&earlier->flow, p, peer_port, sc->now))
		return &earlier->flow;
	return 0;
}

/* The socket's present flow makes room: still alive, it moves to udp_flows, else it ends. */
static __always_inline void rw_put_aside(struct rw_scene *sc)
{
	struct rw_flow *old = &sc->socket->flow;
	struct rw_udp_key key;
	if (!(old->flags & RW_FLOW_REPORTED))
		return;
	if (rw_expired(old, sc->now)) {
		rw_emit(RW_EVENT_END, old, &sc->socket->owner, rw_cookie(sc), sc->now);
		return;
	}
	rw_udp_key_of(&key, &old->tuple, old->tuple.peer_port, rw_cookie(sc));
	RW_INC(udp_inserts);
	if (bpf_map_update_elem(&udp_flows, &key, sc->socket, BPF_ANY))
		RW_FAULT(RW_FAULT_UDP_INSERT);
}

/* Kept where it passes, in the direction of its first packet. */
static __noinline int rw_conclude_new_datagram(struct rw_scene *sc, const struct rw_packet *p,
					       const struct rw_decision *d, __u8 direction)
{
	if (!sc || !p || !d || !sc->socket)
		return 1;
	struct rw_flow *f = &sc->socket->flow;
	rw_put_aside(sc);
	rw_begin_flow(f, &p->tuple, direction, sc->now);
	rw_set_decision(f, d, sc->generation);
	rw_count_packet(f, p, sc->now);
	rw_report(f, &sc->socket->owner, sc->skb, sc->now, true);
	return 1;
}

/* A live flow under a new policy; what is blocked now is asked again as a new flow. */
static __noinline int rw_conclude_known_datagram(struct rw_scene *sc, const struct rw_packet *p,
						 const struct rw_decision *d)
{
	if (!sc || !p || !d || !sc->socket)
		return 1;
	struct rw_flow *f = rw_datagram_flow(sc, p);
	if (!f)
		return rw_passes(d->verdict) ? 1 : rw_drop();
	bool changed = rw_decide(f, d, sc->generation);
	rw_report(f, &sc->socket->owner, sc->skb, sc->now, changed);
	if (!rw_passes(f->verdict))
		return rw_drop();
	rw_count_packet(f, p, sc->now);
	return 1;
}

#endif
