// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The floor of every ratio: empty programs on connect4/6, post_bind4/6 and cgroup_skb in and out,
 * nothing else, whatever the product attaches. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("cgroup_skb/ingress") int floor_ingress(struct __sk_buff *skb __attribute__((unused)))
{
	return 1;
}
SEC("cgroup_skb/egress") int floor_egress(struct __sk_buff *skb __attribute__((unused)))
{
	return 1;
}
SEC("cgroup/connect4") int floor_connect4(struct bpf_sock_addr *ctx __attribute__((unused)))
{
	return 1;
}
SEC("cgroup/connect6") int floor_connect6(struct bpf_sock_addr *ctx __attribute__((unused)))
{
	return 1;
}
SEC("cgroup/post_bind4") int floor_bind4(struct bpf_sock *ctx __attribute__((unused)))
{
	return 1;
}
SEC("cgroup/post_bind6") int floor_bind6(struct bpf_sock *ctx __attribute__((unused)))
{
	return 1;
}
