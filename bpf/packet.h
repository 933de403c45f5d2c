/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Packet -> flow key. All header parsing and every bounds check in one place. The packet is the
 * authority: family and protocol come from it, never from the socket.
 */
#ifndef RINGWALL_PACKET_H
#define RINGWALL_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

/*
 * Lets the verifier forget what it knows about stack bytes, so that the ways through the parser
 * become one state instead of hundreds. A copy onto itself.
 */
#define rw_forget(data, size) bpf_probe_read_kernel(data, size, data)

enum {
	RW_PKT_FRAGMENT = 1, /* not the first: no ports */
	RW_PKT_SYN = 2,	     /* SYN without ACK */
	RW_PKT_RST = 4,
	RW_PKT_DATA = 8,  /* TCP with payload */
	RW_PKT_ICMP = 16, /* ICMP or ICMPv6: peer_port is type << 8 | code */
	RW_PKT_ICMP_ERROR = 32,
};

enum {
	RW_PROTO_IGMP = 2,
	RW_PROTO_SCTP = 132,
	RW_PROTO_UDPLITE = 136,
	RW_ICMP_REPLY = 0,
	RW_ICMP_REQUEST = 8,
	RW_ICMP_STAMP = 13,
	RW_ICMP_STAMP_REPLY = 14,
	RW_ICMP6_REQUEST = 128,
	RW_ICMP6_REPLY = 129,
};

/* A packet as its socket sees it: tuple.local is this end whichever way it goes. */
struct rw_packet {
	struct rw_tuple tuple;
	__u32 l4;    /* offset of the L4 header */
	__u32 bytes; /* of the packet, from the network header */
	__u16 icmp;  /* type << 8 | code */
	__u8 flags, hops;
	bool egress;
};

static __always_inline void rw_map4(__u8 out[16], __be32 address)
{
	__builtin_memset(out, 0, 10);
	out[10] = 0xff;
	out[11] = 0xff;
	__builtin_memcpy(out + 12, &address, 4);
}

static __always_inline __be32 rw_unmap4(const __u8 address[16])
{
	__be32 out;
	__builtin_memcpy(&out, address + 12, 4);
	return out;
}

static __always_inline bool rw_is_v4(const __u8 address[16])
{
	const __u32 *words = (const __u32 *)address;
	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline bool rw_has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == RW_PROTO_UDPLITE ||
	       protocol == RW_PROTO_SCTP;
}

static __always_inline bool rw_is_icmp(const struct rw_tuple *t)
{
	return (t->family == 4 && t->protocol == IPPROTO_ICMP) ||
	       (t->family == 6 && t->protocol == IPPROTO_ICMPV6);
}

static __always_inline bool rw_icmp_is_error(__u8 family, __u8 type)
{
	if (family == 4)
		return type == 3 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

/* By arithmetic: branches would multiply the verifier's ways through everything that follows. */
static __always_inline __u8 rw_tcp_flags(const struct tcphdr *tcp, bool data)
{
	return (tcp->syn & !tcp->ack) * RW_PKT_SYN | tcp->rst * RW_PKT_RST | data * RW_PKT_DATA;
}

static __always_inline void rw_set_ports(struct rw_packet *p, __be16 source, __be16 dest)
{
	p->tuple.local_port = bpf_ntohs(p->egress ? source : dest);
	p->tuple.peer_port = bpf_ntohs(p->egress ? dest : source);
}

static __always_inline int rw_parse_l4(struct __sk_buff *skb, struct rw_packet *p)
{
	__u8 protocol = p->tuple.protocol, family = p->tuple.family;
	if (p->flags & RW_PKT_FRAGMENT)
		return 0;
	if (protocol == IPPROTO_TCP) {
		struct tcphdr tcp;
		if (bpf_skb_load_bytes(skb, p->l4, &tcp, sizeof(tcp)) || tcp.doff < 5)
			return -1;
		rw_set_ports(p, tcp.source, tcp.dest);
		p->flags |= rw_tcp_flags(&tcp, p->bytes > p->l4 + tcp.doff * 4);
		return 0;
	}
	if (rw_has_ports(protocol)) {
		__be16 ports[4]; /* UDP and UDP-Lite headers are 8 bytes, SCTP's 12 */
		if (bpf_skb_load_bytes(skb, p->l4, ports, sizeof(ports)))
			return -1;
		rw_set_ports(p, ports[0], ports[1]);
		return 0;
	}
	if (rw_is_icmp(&p->tuple)) {
		__u8 head[8];
		if (bpf_skb_load_bytes(skb, p->l4, head, sizeof(head)))
			return -1;
		p->icmp = (__u16)head[0] << 8 | head[1];
		p->tuple.peer_port = p->icmp;
		p->flags |= RW_PKT_ICMP;
		if (rw_icmp_is_error(family, head[0]))
			p->flags |= RW_PKT_ICMP_ERROR;
	}
	return 0;
}

static __always_inline int rw_parse4(struct __sk_buff *skb, __u32 at, struct rw_packet *p)
{
	struct iphdr ip;
	if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return -1;
	if (bpf_ntohs(ip.tot_len) < ip.ihl * 4)
		return -1;
	p->tuple.family = 4;
	rw_map4(p->egress ? p->tuple.local : p->tuple.peer, ip.saddr);
	rw_map4(p->egress ? p->tuple.peer : p->tuple.local, ip.daddr);
	p->tuple.protocol = ip.protocol;
	p->hops = ip.ttl;
	p->l4 = at + ip.ihl * 4;
	p->bytes = bpf_ntohs(ip.tot_len);
	if (ip.frag_off & bpf_htons(0x1fff))
		p->flags |= RW_PKT_FRAGMENT;
	return 0;
}

static __always_inline bool rw_is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_DSTOPTS || header == IPPROTO_FRAGMENT || header == IPPROTO_AH;
}

static __always_inline int rw_parse6(struct __sk_buff *skb, __u32 at, struct rw_packet *p)
{
	struct ipv6hdr ip;
	if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	__builtin_memcpy(p->egress ? p->tuple.local : p->tuple.peer, &ip.saddr, 16);
	__builtin_memcpy(p->egress ? p->tuple.peer : p->tuple.local, &ip.daddr, 16);
	/* A mapped address on the wire would pass for the IPv4 host of that address. */
	if (rw_is_v4(p->tuple.local) || rw_is_v4(p->tuple.peer))
		return -1;
	p->tuple.family = 6;
	p->hops = ip.hop_limit;
	p->bytes = bpf_ntohs(ip.payload_len) + sizeof(ip);
	p->l4 = at + sizeof(ip);
	p->tuple.protocol = ip.nexthdr;
	for (int i = 0; i < 8; i++) {
		if (!rw_is_extension(p->tuple.protocol))
			return 0;
		__u8 head[8];
		if (bpf_skb_load_bytes(skb, p->l4, head, sizeof(head)))
			return -1;
		if (p->tuple.protocol == IPPROTO_FRAGMENT) {
			if (((__u16)head[2] << 8 | head[3]) & 0xfff8)
				p->flags |= RW_PKT_FRAGMENT;
			p->l4 += 8;
		} else if (p->tuple.protocol == IPPROTO_AH) {
			p->l4 += ((__u32)head[1] + 2) * 4;
		} else {
			p->l4 += ((__u32)head[1] + 1) * 8;
		}
		p->tuple.protocol = head[0];
		if (p->flags & RW_PKT_FRAGMENT)
			return 0;
	}
	return -1; /* more extension headers than any honest packet has */
}

/* Network and transport headers at `at`: 0, or -1 where there is none that is valid. */
static __always_inline int rw_parse_at(struct __sk_buff *skb, __u32 at, bool ipv6, bool egress,
				       struct rw_packet *p)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->egress = egress;
	return ipv6 ? rw_parse6(skb, at, p) : rw_parse4(skb, at, p);
}

static __noinline int rw_parse_any(struct __sk_buff *skb, bool egress, struct rw_packet *p)
{
	if (!p)
		return -1;
	bool ipv6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	if (rw_parse_at(skb, 0, ipv6, egress, p))
		return -1;
	return rw_parse_l4(skb, p);
}

/* The common packet, TCP without IP options or extension headers, with one load. */
static __noinline int rw_parse_tcp4(struct __sk_buff *skb, bool egress, struct rw_packet *p)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} h;
	if (!p || skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, 0, &h, sizeof(h)) || h.ip.version != 4 || h.ip.ihl != 5 ||
	    h.ip.protocol != IPPROTO_TCP || (h.ip.frag_off & bpf_htons(0x3fff)) || h.tcp.doff < 5)
		return -1;
	__u32 bytes = bpf_ntohs(h.ip.tot_len);
	if (bytes < sizeof(h))
		return -1;
	__builtin_memset(p, 0, sizeof(*p));
	p->egress = egress;
	rw_map4(p->tuple.local, egress ? h.ip.saddr : h.ip.daddr);
	rw_map4(p->tuple.peer, egress ? h.ip.daddr : h.ip.saddr);
	p->tuple.protocol = IPPROTO_TCP;
	p->tuple.family = 4;
	p->hops = h.ip.ttl;
	p->l4 = sizeof(h.ip);
	p->bytes = bytes;
	p->flags = rw_tcp_flags(&h.tcp, bytes > sizeof(h.ip) + h.tcp.doff * 4);
	rw_set_ports(p, h.tcp.source, h.tcp.dest);
	return 0;
}

static __always_inline int rw_parse(struct __sk_buff *skb, bool egress, struct rw_packet *p)
{
	int bad = rw_parse_tcp4(skb, egress, p);
	if (bad)
		bad = rw_parse_any(skb, egress, p);
	rw_forget(p, sizeof(*p));
	return bad;
}

/* Replaces an ICMP error by the packet that it quotes, which went the other way. */
static __noinline int rw_parse_quoted(struct __sk_buff *skb, struct rw_packet *p)
{
	if (!p)
		return -1;
	__u32 at = p->l4 + 8;
	__be16 ports[2];
	if (rw_parse_at(skb, at, p->tuple.family == 6, !p->egress, p))
		return -1;
	if (rw_has_ports(p->tuple.protocol) && !(p->flags & RW_PKT_FRAGMENT)) {
		if (bpf_skb_load_bytes(skb, p->l4, ports, sizeof(ports)))
			return -1;
		rw_set_ports(p, ports[0], ports[1]);
	}
	return 0;
}

/* Essential traffic by packet alone; RW_REASON_NONE when it is not. Loopback: by device. */
static __always_inline __u8 rw_essential(const struct rw_packet *p)
{
	const struct rw_tuple *t = &p->tuple;
	__u8 type = p->icmp >> 8;
	if (p->flags & RW_PKT_FRAGMENT)
		return RW_REASON_NONE;
	if (t->family == 4 && t->protocol == RW_PROTO_IGMP)
		return RW_REASON_NEIGHBOUR;
	if (t->family == 6 && t->protocol == IPPROTO_ICMPV6) {
		if (type >= 133 && type <= 137 && p->hops == 255)
			return RW_REASON_NEIGHBOUR;
		if (((type >= 130 && type <= 132) || type == 143) && p->hops == 1)
			return RW_REASON_NEIGHBOUR;
	}
	if (t->protocol == IPPROTO_UDP) {
		if (t->family == 4 && t->local_port == 68 && t->peer_port == 67)
			return RW_REASON_DHCP;
		if (t->family == 6 && t->local_port == 546 && t->peer_port == 547)
			return RW_REASON_DHCP;
	}
	return RW_REASON_NONE;
}

#endif
