/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The iterator programs that report what lives: no clock is read per packet, so this is where the
 * starts of connections and the numbers of long flows come from.
 */
#ifndef RINGWALL_SWEEP_H
#define RINGWALL_SWEEP_H

#include "bpf/flow.h"

/* Which flows the next sweep reports: connections that began in (since, until] as starts, and with
 * `sweep_all` every older flow as an update. Written by the loader before it reads the iterator. */
__u64 sweep_since, sweep_until;
__u32 sweep_all;

static __always_inline __u8 rw_sweep_kind(const struct rw_flow *f)
{
	if (f->tuple.protocol == IPPROTO_TCP) {
		if (f->started > sweep_until)
			return 0;
		if (f->started > sweep_since)
			return RW_EVENT_START;
	}
	return sweep_all ? RW_EVENT_UPDATE : 0;
}

/* Socket storage. TCP's numbers are the connection's own, SYN and FIN included. */
static __always_inline int rw_report_socket(struct seq_file *seq, struct sock *sk,
					    struct rw_socket *s)
{
	struct rw_event e = {};
	rw_principal_of(&s->owner); /* a look-up keeps it from falling out of the LRU */
	if (!(s->flow.flags & RW_FLOW_REPORTED))
		return 0;
	__u8 kind = rw_sweep_kind(&s->flow);
	if (!kind)
		return 0;
	rw_event_flow(&e, &s->flow);
	rw_event_owner(&e, &s->owner);
	e.kind = kind;
	e.time = bpf_ktime_get_ns();
	e.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	e.tcp_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (s->flow.tuple.protocol == IPPROTO_TCP) {
		struct tcp_sock *tcp = (void *)sk;
		e.counts.out_bytes = BPF_CORE_READ(tcp, bytes_acked);
		e.counts.in_bytes = BPF_CORE_READ(tcp, bytes_received);
		e.counts.out_packets = BPF_CORE_READ(tcp, data_segs_out);
		e.counts.in_packets = BPF_CORE_READ(tcp, data_segs_in);
		e.srtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
		e.retransmits = BPF_CORE_READ(tcp, total_retrans);
	}
	bpf_seq_write(seq, &e, sizeof(e));
	return 0;
}

/*
 * The young ones: their numbers come with their next packet or their end. What was reported has
 * its generation taken, so that its next packet moves it to socket storage, where the sweep above
 * finds it from then on. One that stays silent stays here.
 */
static __always_inline int rw_report_young(struct seq_file *seq, struct rw_slot *slot)
{
	struct rw_event e = {};
	__u8 kind;
	if (!slot->cookie || slot->freed)
		return 0;
	struct rw_socket *s = &slot->socket;
	rw_principal_of(&s->owner);
	if (!(s->flow.flags & RW_FLOW_REPORTED) || s->flow.started > sweep_until)
		return 0;
	s->flow.generation = 0;
	kind = rw_sweep_kind(&s->flow);
	if (!kind)
		return 0;
	rw_event_flow(&e, &s->flow);
	rw_event_owner(&e, &s->owner);
	e.kind = kind;
	e.time = bpf_ktime_get_ns();
	e.cookie = slot->cookie;
	bpf_seq_write(seq, &e, sizeof(e));
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int rw_sweep(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct rw_socket *s = ctx->value;
	struct sock *sk = ctx->sk;
	return s && sk ? rw_report_socket(ctx->meta->seq, sk, s) : 0;
}

SEC("iter/bpf_map_elem")
int rw_sweep_young(struct bpf_iter__bpf_map_elem *ctx)
{
	struct rw_slot *slot = ctx->value;
	return slot ? rw_report_young(ctx->meta->seq, slot) : 0;
}

/*
 * Both at once, for hosts whose security policy lets nobody iterate over the elements of a map: the
 * sockets that some task has open. One that several tasks have comes several times. Loaded there
 * alone: bpf_sock_from_file is of 5.11.
 */
SEC("?iter/task_file") /* not loaded unless asked for: needs 5.11 */
int rw_sweep_files(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct file *file = ctx->file;
	struct socket *socket;
	struct rw_socket *s;
	struct rw_slot *slot;
	struct sock *sk;
	__u64 cookie;
	asm volatile("" : "+r"(file)); /* what is checked is what is used, not read again */
	if (!file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	asm volatile("" : "+r"(sk));
	if (!sk)
		return 0;
	s = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (s)
		return rw_report_socket(seq, sk, s);
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	slot = rw_slot_of(cookie);
	return slot && slot->cookie == cookie ? rw_report_young(seq, slot) : 0;
}

#endif
