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

/* The rule behind a verdict that is not kept anywhere. */
static __always_inline void oracle_explain(struct __sk_buff *skb, struct oracle_exchange *x,
					   struct rw_socket *s, bool egress)
{
	struct rw_control *ctl = rw_ctl();
	struct rw_packet p;
	struct rw_decision d = {};
	if (!ctl || rw_parse(skb, egress, &p))
		return;
	__u32 id = rw_subject_of_socket(skb, ctl->generation);
	struct rw_subject *subject = bpf_map_lookup_elem(&subjects, &id);
	if (!subject)
		return;
	struct rw_question q = {
		.tuple = &p.tuple,
		.owner = &s->owner,
		.subject = id,
		.direction = egress ? RW_DIR_OUT : RW_DIR_IN,
		.no_port = p.flags & RW_PKT_FRAGMENT,
	};
	rw_judge(&q, subject, &d);
	x->rule_set = d.rule_set;
	x->peer = d.peer;
	x->entry = d.entry;
	x->verdict = d.verdict;
	x->sure = s->owner.sure;
	x->maybe = s->owner.maybe;
}

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
	oracle_explain(skb, x, s, egress);
	return 1;
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
