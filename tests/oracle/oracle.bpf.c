// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The product's packet programs, run for a socket whose owner the test says. */
#include "bpf/ringwall.bpf.c"

#include "tests/oracle/exchange.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct oracle_exchange);
} exchange SEC(".maps");

static __always_inline void oracle_own(struct rw_owner *o, const struct oracle_exchange *x)
{
	__u64 id = 1;
	__builtin_memset(o, 0, sizeof(*o));
	if (!x->who.flags || bpf_map_update_elem(&principals, &id, &x->who, BPF_ANY))
		return;
	o->principal = id;
	o->uid = x->who.uid;
	o->flags = x->who.flags;
}

/* Filled by the oracle; one for each hook, since a program array takes one kind only. */
struct explain_map {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} explain_in SEC(".maps"), explain_out SEC(".maps");

static __always_inline int oracle_run(struct __sk_buff *skb, bool egress)
{
	__u32 zero = 0;
	struct oracle_exchange *x = bpf_map_lookup_elem(&exchange, &zero);
	struct bpf_sock *sk = skb->sk;
	if (!x || !sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	struct rw_socket *s = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!s)
		return 1;
	oracle_own(&s->owner, x);
	s->flow.direction = x->tcp_direction;
	x->passes = rw_packet_program(skb, egress);
	x->flow = s->flow;
	/* its own stack: the product's programs need theirs */
	if (egress)
		bpf_tail_call(skb, &explain_out, 0);
	else
		bpf_tail_call(skb, &explain_in, 0);
	return 1;
}

/* The rule behind a verdict that is not kept anywhere. */
static __always_inline int oracle_explain(struct __sk_buff *skb, bool egress)
{
	__u32 zero = 0;
	struct oracle_exchange *x = bpf_map_lookup_elem(&exchange, &zero);
	struct rw_control *ctl = rw_ctl();
	struct bpf_sock *sk = skb->sk;
	struct rw_packet p;
	struct rw_decision d;
	if (!x || !ctl || !sk || rw_parse(skb, egress, &p))
		return 1;
	sk = bpf_sk_fullsock(sk);
	struct rw_socket *s = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	__u32 id = rw_subject_of_socket(skb, ctl->generation);
	struct rw_subject *subject = bpf_map_lookup_elem(&subjects, &id);
	if (!s || !subject)
		return 1;
	struct rw_question q = {
		.tuple = &p.tuple,
		.owner = &s->owner,
		.subject = id,
		.direction = egress ? RW_DIR_OUT : RW_DIR_IN,
		.no_port = p.flags & RW_PKT_FRAGMENT,
	};
	rw_clear_decision(&d, rw_zero(ctl));
	rw_judge(&q, subject, &d);
	x->rule_set = d.rule_set;
	x->peer = d.peer;
	x->entry = d.entry;
	x->verdict = d.verdict;
	x->sure = s->owner.sure;
	x->maybe = s->owner.maybe;
	return 1;
}

SEC("cgroup_skb/ingress")
int oracle_explain_ingress(struct __sk_buff *skb)
{
	return oracle_explain(skb, false);
}

SEC("cgroup_skb/egress")
int oracle_explain_egress(struct __sk_buff *skb)
{
	return oracle_explain(skb, true);
}

SEC("cgroup_skb/ingress")
int oracle_ingress(struct __sk_buff *skb)
{
	return oracle_run(skb, false);
}

SEC("cgroup_skb/egress")
int oracle_egress(struct __sk_buff *skb)
{
	return oracle_run(skb, true);
}
