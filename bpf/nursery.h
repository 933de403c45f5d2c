/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Where young TCP connections keep their rw_socket: slots of a preallocated array, found by the
 * socket's cookie. Socket storage costs a connection more than half a microsecond at each end (two
 * allocations charged to a memory cgroup, two frees after a grace period), which a connection of a
 * few packets never earns back; a slot costs nothing of that.
 *
 * A slot is claimed by connect or when a connection is accepted, and given back when it closes or
 * moves to socket storage. Cookies are handed out in sequence, so slots are reused long after. A
 * slot given back keeps cookie and content until it is claimed again, for what the socket still
 * sends (its reset leaves after CLOSE), and rests before that, so that no program that found the
 * old connection is still running. Where the slot is taken, socket storage is the place from the
 * start; so it is for listeners, datagram sockets and sockets older than the programs.
 */
#ifndef RINGWALL_NURSERY_H
#define RINGWALL_NURSERY_H

#include "bpf/event.h"

enum { RW_SLOT_REST = 16 /* ticks */ };

static __always_inline struct rw_slot *rw_slot_of(__u64 cookie)
{
	__u32 index = cookie & (RW_NURSERY_SLOTS - 1);
	return bpf_map_lookup_elem(&nursery, &index);
}

static __always_inline __u32 rw_ticks(void)
{
	return bpf_jiffies64();
}

/* The socket's slot, also shortly after it was given back; 0 when it has none. */
static __always_inline struct rw_socket *rw_young(__u64 cookie)
{
	struct rw_slot *slot = rw_slot_of(cookie);
	return slot && slot->cookie == cookie ? &slot->socket : 0;
}

static __always_inline bool rw_slot_is_free(const struct rw_slot *slot)
{
	return !slot->cookie || (slot->freed && rw_ticks() - slot->freed >= RW_SLOT_REST);
}

/*
 * A slot with an empty rw_socket, or the one that the socket has; 0 when it is taken. One claimer
 * at a time, the other goes elsewhere: 5.10 has no atomic operation that returns a value, but who
 * reads 1 after adding is alone.
 */
static __always_inline struct rw_socket *rw_slot_claim(__u64 cookie)
{
	struct rw_slot *slot = rw_slot_of(cookie);
	bool mine = false;
	if (!slot)
		return 0;
	if (slot->cookie == cookie && !slot->freed)
		return &slot->socket;
	if (!rw_slot_is_free(slot))
		return 0;
	__sync_fetch_and_add(&slot->claimers, 1);
	if (*(volatile __u32 *)&slot->claimers == 1 && rw_slot_is_free(slot)) {
		__builtin_memset(&slot->socket, 0, sizeof(slot->socket));
		slot->cookie = cookie;
		slot->freed = 0;
		mine = true;
	}
	__sync_fetch_and_add(&slot->claimers, -1);
	return mine ? &slot->socket : 0;
}

static __always_inline void rw_slot_free(__u64 cookie)
{
	struct rw_slot *slot = rw_slot_of(cookie);
	if (slot && slot->cookie == cookie && !slot->freed)
		slot->freed = rw_ticks() | 1;
}

/* ---- from the listener to the connection that it accepts ----------------------------------- */

/* The last 32 bits of an address: an IPv4 address, or the tail of an IPv6 one. */
static __always_inline __be32 rw_tail(const __u8 address[16])
{
	return *(const __be32 *)(address + 12);
}

/*
 * The packet that makes the kernel accept a connection reaches the listener first, and the accepted
 * socket is announced (PASSIVE_ESTABLISHED) before this CPU takes another packet. So what the
 * listener knows waits here for a moment, beside the peer that it is meant for.
 */
static __always_inline void rw_hand_over(const struct rw_socket *listener,
					 const struct rw_packet *p)
{
	__u32 zero = 0;
	struct rw_handover *h = bpf_map_lookup_elem(&handovers, &zero);
	if (!h)
		return;
	h->peer_tail = rw_tail(p->tuple.peer);
	h->peer_port = p->tuple.peer_port;
	h->local_port = p->tuple.local_port;
	h->owner = listener->owner;
	h->passed = listener->flow.passed;
	h->direction = listener->flow.direction;
}

/* A field of the context, read whole and where it stands: the verifier takes nothing else. */
#define RW_FIELD(ctx, field) (*(const volatile __u32 *)&(ctx)->field)

static __always_inline __be32 rw_remote_tail(const struct bpf_sock_ops *ctx)
{
	enum { INET = 2 };
	const __be32 v4 = RW_FIELD(ctx, remote_ip4), v6 = RW_FIELD(ctx, remote_ip6[3]);
	return ctx->family == INET ? v4 : v6;
}

/* What the listener handed over for this connection, once; 0 when it was for another. */
static __always_inline struct rw_handover *rw_handed_over(const struct bpf_sock_ops *ctx)
{
	__u32 zero = 0;
	struct rw_handover *h = bpf_map_lookup_elem(&handovers, &zero);
	const __u32 local_port = RW_FIELD(ctx, local_port), peer_port = RW_FIELD(ctx, remote_port);
	if (!h || h->local_port != local_port || h->peer_port != bpf_ntohl(peer_port) ||
	    h->peer_tail != rw_remote_tail(ctx))
		return 0;
	h->local_port = 0;
	return h;
}

#endif
