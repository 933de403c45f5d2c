// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Programs only: each a short chain of the headers beside. What every hook really does on each
 * kernel: ARCHITECTURE.md, "Hooks". */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow.h"
#include "bpf/stage.h"
#include "bpf/sweep.h"

char LICENSE[] SEC("license") = "GPL";

/* Keeps the event's layout in the object's BTF, where the ABI test looks. */
const struct rw_event *rw_event_layout;

enum { RW_TCP_LISTEN = 10, RW_TCP_CLOSE = 7, RW_SOCK_RAW = 3, RW_LOOPBACK = 1, RW_ROOT_CGROUP = 1 };

/* ---- enforcement: the first packet decides ------------------------------------------------ */

/* What becomes of the decision. */
enum rw_case { RW_TRANSIENT, RW_TCP_FLOW, RW_NEW_DATAGRAM, RW_KNOWN_DATAGRAM };

/* No policy is asked (essential, idle, no subject): TCP remembers it, so that the next packet is
 * quick; loopback is reported where the subject wants it. */
static __noinline int rw_pass_without_policy(struct rw_scene *sc, const struct rw_packet *p,
					     __u8 reason)
{
	if (!sc || !p || !sc->socket || sc->sk->state == RW_TCP_LISTEN)
		return 1;
	struct rw_flow *f = &sc->socket->flow;
	bool tcp = p->tuple.protocol == IPPROTO_TCP;
	bool report = reason == RW_REASON_LOOPBACK && sc->subject &&
		      (sc->subject->flags & RW_SUBJECT_LOOPBACK_EVENTS);
	struct rw_decision d = {
		.subject = sc->subject_id, .verdict = RW_VERDICT_ALLOWED, .reason = reason};

	if (!tcp && !report)
		return 1;
	if (!tcp && rw_is_flow_of(f, p, rw_request_port(p), sc->now)) {
		rw_count_packet(f, p, sc->now);
		return 1;
	}
	if (!tcp || f->verdict == RW_VERDICT_NONE) {
		__u8 direction = tcp ? rw_tcp_direction(f, p) : RW_DIR_NONE;
		if (direction == RW_DIR_NONE)
			direction = p->egress ? RW_DIR_OUT : RW_DIR_IN;
		if (!tcp)
			rw_put_aside(sc);
		rw_begin_flow(f, &p->tuple, direction, sc->now);
	}
	bool changed = rw_decide(f, &d, sc->generation);
	rw_count_decision(&d);
	if (report)
		rw_report(f, &sc->socket->owner, sc->skb, sc->now, changed);
	return 1;
}

static __noinline int rw_malformed(struct rw_scene *sc, const struct rw_packet *p)
{
	struct rw_control *ctl = rw_ctl();
	RW_FAULT(RW_FAULT_PACKET);
	if (!sc || !p || !ctl || !sc->subject || sc->subject->mode == RW_MODE_IDLE)
		return 1;
	struct rw_decision d = {.subject = sc->subject_id, .reason = RW_REASON_MALFORMED};
	d.verdict = rw_verdict_in_mode(sc->subject->mode, RW_REASON_MALFORMED, ctl->paused_until);
	rw_count_decision(&d);
	return rw_conclude_transient(sc, p, &d, p->egress ? RW_DIR_OUT : RW_DIR_IN);
}

/*
 * Packets the kernel makes itself (resets, ICMP replies and errors) leave from its own raw sockets
 * in the root cgroup. Such a packet passes when policy allows, for some process, this peer on the
 * local port inbound, or the local host to this peer's port outbound. Errors: the quoted packet.
 */
static __always_inline bool rw_is_kernel_made(const struct rw_scene *sc, const struct rw_packet *p)
{
	return p->egress && !sc->socket && sc->sk->type == RW_SOCK_RAW &&
	       bpf_sk_cgroup_id(sc->sk) == RW_ROOT_CGROUP;
}

/* A flow is asked about once, however often it is decided: when it begins, or on its first packet
 * after something was staged. */
static __always_inline bool rw_is_news(const struct rw_scene *sc, const struct rw_flow *f)
{
	return !f || f->verdict == RW_VERDICT_NONE ||
	       (f->generation && (__s32)(f->generation - sc->subject->staged_since) < 0);
}

static __always_inline int rw_slow(struct __sk_buff *skb, struct bpf_sock *sk,
				   struct rw_socket *socket, const struct rw_control *ctl,
				   bool egress)
{
	const __u32 generation = ctl->generation;
	struct rw_scene sc = {.skb = skb, .sk = sk, .socket = socket, .generation = generation};
	struct rw_packet p;
	struct rw_question q = {.tuple = &p.tuple};
	struct rw_decision d;
	enum rw_case what = RW_TRANSIENT;
	struct rw_flow *known = 0;
	const __u32 zero = rw_zero(ctl);
	__u8 reason;

	RW_INC(slow[egress ? RW_HOOK_EGRESS : RW_HOOK_INGRESS]);
	if (egress && sk->state == RW_TCP_LISTEN)
		return 1; /* SYN-ACK: seen on some kernels only, nothing is decided on it */
	int bad = rw_parse(skb, egress, &p);
	const bool listener = sk->state == RW_TCP_LISTEN && !bad && p.tuple.protocol == IPPROTO_TCP;
	if (listener && socket)
		rw_hand_over(socket, &p);
	if (listener && rw_passed_before(&sc, &p))
		return 1; /* the child is decided on its own first packet */
	if (socket && socket->owner.subject_generation == generation) {
		sc.subject_id = socket->owner.subject;
	} else {
		sc.subject_id = rw_subject_of_socket(skb, generation);
		if (socket) {
			socket->owner.subject = sc.subject_id;
			socket->owner.subject_generation = generation;
		}
	}
	bool kernel_made = !bad && rw_is_kernel_made(&sc, &p);
	if (kernel_made)
		sc.subject_id = rw_local_subject(p.tuple.local);
	sc.subject = bpf_map_lookup_elem(&subjects, &sc.subject_id);
	if (bad)
		return rw_malformed(&sc, &p);

	reason = skb->ifindex == RW_LOOPBACK ? RW_REASON_LOOPBACK : rw_essential(&p);
	if (!sc.subject)
		reason = reason ? reason : RW_REASON_NO_SUBJECT;
	else if (sc.subject->mode == RW_MODE_IDLE)
		reason = RW_REASON_IDLE;
	if (!socket && !kernel_made && sk->state != RW_TCP_LISTEN) {
		sc.socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (!sc.socket)
			RW_FAULT(RW_FAULT_STORAGE);
	}
	if (!listener)
		sc.now = bpf_ktime_get_ns();
	if (reason || !sc.subject)
		return rw_pass_without_policy(&sc, &p, reason);

	rw_clear_decision(&d, zero);
	q.any_process = zero;
	if (kernel_made || (!egress && (p.flags & RW_PKT_ICMP_ERROR))) {
		/* an incoming error is a raw socket's copy: it passes when its cause may */
		q.any_process = true;
		if (p.flags & RW_PKT_ICMP_ERROR) {
			q.direction = kernel_made ? RW_DIR_NONE : RW_DIR_OUT;
			if (rw_parse_quoted(skb, &p))
				return rw_malformed(&sc, &p);
		} else if (p.flags & RW_PKT_ICMP) {
			q.direction = RW_DIR_IN;
			p.tuple.peer_port = rw_request_port(&p);
		}
	} else if (listener) {
		q.direction = RW_DIR_IN;
	} else if (!sc.socket) {
		q.direction = egress ? RW_DIR_OUT : RW_DIR_IN; /* no memory: nothing is kept */
	} else if (p.tuple.protocol == IPPROTO_TCP && sk->type != RW_SOCK_RAW) {
		if (rw_still_blocked(&sc.socket->flow, generation, sc.now))
			return rw_is_reset_of_revoked(&sc.socket->flow, &p) ? 1 : rw_drop();
		q.direction = rw_tcp_direction(&sc.socket->flow, &p);
		known = &sc.socket->flow;
		what = RW_TCP_FLOW;
	} else {
		struct rw_flow *f = rw_datagram_flow(&sc, &p);
		if (f && f->generation == generation) {
			rw_count_packet(f, &p, sc.now);
			return 1;
		}
		q.direction = f ? f->direction : egress ? RW_DIR_OUT : RW_DIR_IN;
		known = f;
		what = f ? RW_KNOWN_DATAGRAM : RW_NEW_DATAGRAM;
		if (f)
			p.tuple.peer_port = rw_request_port(&p);
		/* a socket older than the agent: this may be the reply to something not seen */
		else if (!egress && (sc.socket->owner.flags & RW_OWNER_BACKFILLED))
			q.direction = RW_DIR_NONE;
	}
	q.owner = sc.socket ? &sc.socket->owner : 0;
	q.subject = sc.subject_id;
	q.no_port = p.flags & RW_PKT_FRAGMENT;
	if (what != RW_TCP_FLOW ||
	    !(rw_foreseen(&sc, &sc.socket->flow, &p, &d) || rw_inherited(&sc, &p, &d))) {
		rw_forget(&q.subject, 7);
		rw_judge(&q, sc.subject, &d);
		rw_forget(&d, sizeof(d));
	}
	if (sc.subject->staged && !q.any_process && !(listener && rw_passes(d.verdict)) &&
	    rw_is_news(&sc, known))
		rw_judge_staged(&p.tuple, q.owner, (__u64)d.subject << 32 | d.entry,
				rw_staged_ask(&p.tuple, d.direction ? d.direction : q.direction,
					      d.reason, q.no_port));
	if (what == RW_TCP_FLOW) {
		rw_count_decision(&d);
		return rw_conclude_tcp(&sc, &p, &d, q.direction);
	}
	if (listener && rw_passes(d.verdict)) {
		rw_remember(&sc, &p, &d);
		return 1; /* counted once, on the child */
	}
	rw_count_decision(&d);
	if (what == RW_NEW_DATAGRAM && rw_passes(d.verdict))
		return rw_conclude_new_datagram(&sc, &p, &d, d.direction);
	if (what == RW_KNOWN_DATAGRAM)
		return rw_conclude_known_datagram(&sc, &p, &d);
	if (kernel_made)
		d.reason = RW_REASON_KERNEL;
	return rw_conclude_transient(&sc, &p, &d, q.direction ? q.direction : RW_DIR_IN);
}

/* The sweep has reported this young connection: it lives long enough for storage of its own. */
static __always_inline struct rw_socket *rw_grow_up(struct bpf_sock *sk, __u64 cookie,
						    struct rw_socket *young)
{
	if (young->flow.verdict == RW_VERDICT_NONE || young->flow.generation)
		return young;
	struct rw_socket *grown =
		bpf_sk_storage_get(&sockets, sk, young, BPF_SK_STORAGE_GET_F_CREATE);
	if (!grown) {
		RW_FAULT(RW_FAULT_STORAGE);
		return young;
	}
	rw_slot_free(cookie);
	return grown;
}

static __always_inline bool rw_is_decided(const struct rw_socket *s, const struct rw_control *ctl)
{
	return s->flow.generation == ctl->generation && (s->flow.flags & RW_FLOW_TCP) &&
	       rw_passes(s->flow.verdict);
}

/* Established TCP: one storage or nursery look-up, one compare. */
static __always_inline int rw_packet_program(struct __sk_buff *skb, bool egress)
{
	struct bpf_sock *sk = skb->sk;
	struct rw_control *ctl = rw_ctl();
	if (!sk || !ctl)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1; /* TIME_WAIT: nothing to decide */
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!s) {
		__u64 cookie = bpf_get_socket_cookie(skb);
		s = rw_young(cookie);
		if (s && !rw_is_decided(s, ctl))
			s = rw_grow_up(sk, cookie, s);
	}
	if (s && rw_is_decided(s, ctl))
		return 1;
	return rw_slow(skb, sk, s, ctl, egress);
}

SEC("cgroup_skb/ingress")
int rw_ingress(struct __sk_buff *skb)
{
	return rw_packet_program(skb, false);
}

SEC("cgroup_skb/egress")
int rw_egress(struct __sk_buff *skb)
{
	return rw_packet_program(skb, true);
}

/* ---- who connects ------------------------------------------------------------------------- */

/* False where the verdict is blocked and the packet could not say otherwise. */
static __noinline int rw_may_connect(struct rw_socket *s, const struct rw_tuple *t, __u64 cookie)
{
	struct rw_control *ctl = rw_ctl();
	struct rw_flow f;
	if (!s || !t || !ctl || !(ctl->flags & RW_CONTROL_REFUSE_CONNECT))
		return 1;
	__u32 id = rw_subject_of_task(ctl->generation);
	struct rw_subject *subject = bpf_map_lookup_elem(&subjects, &id);
	if (!subject || subject->mode < RW_MODE_SELECTIVE || rw_local_subject(t->peer))
		return 1;
	if ((ctl->flags & RW_CONTROL_SERVICE_RANGES) && rw_translated(t->peer))
		return 1;
	struct rw_question q = {
		.tuple = t, .owner = &s->owner, .subject = id, .direction = RW_DIR_OUT};
	struct rw_decision d;
	rw_clear_decision(&d, rw_zero(ctl));
	rw_judge(&q, subject, &d);
	if (rw_passes(d.verdict)) {
		if (!d.brief)
			rw_foresee(&s->flow, t, &d, ctl->generation);
		return 1;
	}
	s->flow.subject = d.subject;
	s->flow.entry = d.entry;
	s->flow.reason = d.reason;
	__u64 now = bpf_ktime_get_ns();
	rw_begin_flow(&f, t, RW_DIR_OUT, now);
	f.flags = RW_FLOW_REFUSED;
	rw_set_decision(&f, &d, ctl->generation);
	rw_count_decision(&d);
	rw_emit_deny(&f, &s->owner, cookie, now);
	RW_INC(refused);
	return 0;
}

static __always_inline bool rw_is_here(const struct rw_tuple *t)
{
	const __u32 *w = (const __u32 *)t->peer;
	if (rw_is_v4(t->peer))
		return t->peer[12] == 127 || w[3] == 0;
	return w[0] == 0 && w[1] == 0 && w[2] == 0 && (w[3] == 0 || w[3] == bpf_htonl(1));
}

/* Where a connecting socket keeps what is known of it. */
static __always_inline struct rw_socket *rw_place(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!s && ctx->protocol == IPPROTO_TCP)
		s = rw_slot_claim(bpf_get_socket_cookie(ctx));
	return s ? s : bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
}

static __always_inline int rw_connect(struct bpf_sock_addr *ctx, struct rw_tuple *t)
{
	struct bpf_sock *sk = ctx->sk;
	RW_INC(slow[RW_HOOK_CONNECT]);
	if (!sk)
		return 1;
	struct rw_socket *s = rw_place(ctx, sk);
	if (!s) {
		RW_FAULT(RW_FAULT_STORAGE);
		return 1; /* the packet decides, without a process */
	}
	rw_attribute(&s->owner, bpf_get_netns_cookie(ctx), bpf_get_current_cgroup_id());
	if (ctx->protocol != IPPROTO_TCP)
		return 1; /* the first packet says EPERM just as soon */
	__builtin_memset(&s->flow, 0, sizeof(s->flow));
	s->flow.direction = RW_DIR_OUT;
	if (rw_is_here(t))
		return 1;
	t->protocol = IPPROTO_TCP;
	t->peer_port = bpf_ntohs(ctx->user_port);
	if (rw_may_connect(s, t, bpf_get_socket_cookie(ctx)))
		return 1;
	struct rw_subject *subject = bpf_map_lookup_elem(&subjects, &s->flow.subject);
	if (subject && subject->staged) /* here, where the stack is shallow */
		rw_judge_staged(t, &s->owner, (__u64)s->flow.subject << 32 | s->flow.entry,
				rw_staged_ask(t, RW_DIR_OUT, s->flow.reason, false));
	return 0;
}

SEC("cgroup/connect4")
int rw_connect4(struct bpf_sock_addr *ctx)
{
	struct rw_tuple t = {.family = 4};
	rw_map4(t.peer, ctx->user_ip4);
	return rw_connect(ctx, &t);
}

SEC("cgroup/connect6")
int rw_connect6(struct bpf_sock_addr *ctx)
{
	struct rw_tuple t = {.family = 6};
	__u32 peer[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	__builtin_memcpy(t.peer, peer, 16);
	if (rw_is_v4(t.peer))
		t.family = 4;
	return rw_connect(ctx, &t);
}

/* Unconnected UDP: keeps the owner true; the packet decides and says EPERM at once. */
static __always_inline int rw_sendmsg(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	if (!sk)
		return 1;
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!s) {
		RW_FAULT(RW_FAULT_STORAGE);
		return 1;
	}
	if (rw_is_owner(&s->owner))
		return 1;
	RW_INC(slow[RW_HOOK_SENDMSG]);
	rw_attribute(&s->owner, bpf_get_netns_cookie(ctx), bpf_get_current_cgroup_id());
	return 1;
}

SEC("cgroup/sendmsg4")
int rw_sendmsg4(struct bpf_sock_addr *ctx)
{
	return rw_sendmsg(ctx);
}

SEC("cgroup/sendmsg6")
int rw_sendmsg6(struct bpf_sock_addr *ctx)
{
	return rw_sendmsg(ctx);
}

/* ---- who listens, and sockets that neither connect nor bind ------------------------------- */

static __always_inline int rw_own(struct bpf_sock *ctx)
{
	struct rw_socket *s = bpf_sk_storage_get(&sockets, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!s) {
		RW_FAULT(RW_FAULT_STORAGE);
		return 1;
	}
	rw_attribute(&s->owner, bpf_get_netns_cookie(ctx), bpf_get_current_cgroup_id());
	return 1;
}

SEC("cgroup/post_bind4")
int rw_bind4(struct bpf_sock *ctx)
{
	RW_INC(slow[RW_HOOK_BIND]);
	return rw_own(ctx);
}

SEC("cgroup/post_bind6")
int rw_bind6(struct bpf_sock *ctx)
{
	RW_INC(slow[RW_HOOK_BIND]);
	return rw_own(ctx);
}

SEC("cgroup/sock_create")
int rw_create(struct bpf_sock *ctx)
{
	/* raw and ping sockets fire no later hook; with MPTCP, TCP is another socket later */
	if (ctx->protocol == IPPROTO_TCP ||
	    (ctx->protocol == IPPROTO_UDP && ctx->type != RW_SOCK_RAW))
		return 1;
	RW_INC(slow[RW_HOOK_CREATE]);
	return rw_own(ctx);
}

/* ---- ends --------------------------------------------------------------------------------- */

SEC("cgroup/sock_release")
int rw_release(struct bpf_sock *ctx)
{
	if (ctx->protocol == IPPROTO_TCP && ctx->type != RW_SOCK_RAW) {
		/* before the FIN exchange: sockops has the end, but not of what never connected */
		if (ctx->state == RW_TCP_CLOSE)
			rw_slot_free(bpf_get_socket_cookie(ctx));
		return 1;
	}
	struct rw_socket *s = bpf_sk_storage_get(&sockets, ctx, 0, 0);
	if (!s || !(s->flow.flags & RW_FLOW_REPORTED))
		return 1;
	RW_INC(slow[RW_HOOK_RELEASE]);
	rw_emit(RW_EVENT_END, &s->flow, &s->owner, bpf_get_socket_cookie(ctx), bpf_ktime_get_ns());
	s->flow.flags &= ~RW_FLOW_REPORTED;
	return 1;
}

/* Whether bytes_received counts the peer's FIN. */
static __always_inline bool rw_fin_received(const struct sock *sk)
{
	__u64 done = bpf_core_enum_value(enum sock_flags, SOCK_DONE);
	return BPF_CORE_READ(sk, __sk_common.skc_flags) >> done & 1;
}

/* Payload bytes: acked counts the SYN of who connected, and the FIN once acknowledged; received the
 * peer's FIN. */
static __always_inline void rw_tcp_counts(struct bpf_sock_ops *ctx, const struct sock *sk,
					  struct rw_flow *f, __u32 old_state)
{
	enum { FIN_WAIT2 = 5, TIME_WAIT = 6, LAST_ACK = 9, CLOSING = 11 };
	__u64 out = ctx->bytes_acked, in = ctx->bytes_received;
	bool fin_acked = old_state == FIN_WAIT2 || old_state == TIME_WAIT ||
			 old_state == LAST_ACK || old_state == CLOSING;
	__u64 control_out = (f->direction != RW_DIR_IN) + fin_acked;
	__u64 control_in = sk && rw_fin_received(sk);
	struct rw_counts *c = &f->counts;
	c->out_bytes = out > control_out ? out - control_out : 0;
	c->in_bytes = in > control_in ? in - control_in : 0;
	c->out_packets = ctx->data_segs_out;
	c->in_packets = ctx->data_segs_in;
}

static __always_inline void rw_tcp_end(struct bpf_sock_ops *ctx, struct bpf_sock *socket,
				       struct rw_socket *s, __u64 cookie)
{
	struct rw_event *e;
	const struct sock *sk = (void *)bpf_skc_to_tcp_sock(socket);
	__u32 old_state = ctx->args[0];
	RW_INC(slow[RW_HOOK_SOCKOPS]);
	e = rw_event_begin(RW_EVENT_END);
	if (!e)
		return;
	rw_tcp_counts(ctx, sk, &s->flow, old_state);
	rw_event_flow(e, &s->flow);
	rw_event_owner(e, &s->owner);
	e->time = bpf_ktime_get_ns();
	e->cookie = cookie;
	e->srtt_us = ctx->srtt_us >> 3;
	e->retransmits = ctx->total_retrans;
	e->tcp_state = old_state;
	if (sk)
		e->error = BPF_CORE_READ(sk, sk_err);
	rw_event_send(e);
	s->flow.flags &= ~RW_FLOW_REPORTED;
}

static __always_inline void rw_watch_state(struct bpf_sock_ops *ctx)
{
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

static __always_inline void rw_listen(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	if (!sk)
		return;
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!s) {
		RW_FAULT(RW_FAULT_STORAGE);
		return;
	}
	RW_INC(slow[RW_HOOK_SOCKOPS]);
	rw_attribute(&s->owner, s->owner.netns, 0);
	__builtin_memset(&s->flow, 0, sizeof(s->flow));
	s->flow.direction = RW_DIR_IN; /* accepted sockets inherit it, never a verdict */
}

static __always_inline void rw_accepted(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	const struct rw_handover *from = rw_handed_over(ctx);
	if (!sk)
		return;
	if (!from) {
		RW_FAULT(RW_FAULT_HANDOVER);
		return; /* its packets decide, without a process */
	}
	struct rw_socket *s = rw_slot_claim(bpf_get_socket_cookie(ctx));
	if (!s)
		s = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!s) {
		RW_FAULT(RW_FAULT_STORAGE);
		return;
	}
	s->owner = from->owner;
	s->flow.passed = from->passed;
	s->flow.direction = from->direction;
}

static __always_inline void rw_state(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk;
	if (ctx->args[1] != RW_TCP_CLOSE)
		return;
	sk = ctx->sk;
	if (!sk)
		return;
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!s)
		s = rw_young(cookie);
	if (s && (s->flow.flags & RW_FLOW_REPORTED))
		rw_tcp_end(ctx, sk, s, cookie);
	rw_slot_free(cookie);
}

SEC("sockops")
int rw_sockops(struct bpf_sock_ops *ctx)
{
	switch (ctx->op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		rw_watch_state(ctx);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		rw_watch_state(ctx);
		rw_accepted(ctx);
		break;
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		rw_listen(ctx);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		rw_state(ctx);
		break;
	}
	return 1;
}
