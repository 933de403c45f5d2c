/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * SipHash-1-3 over zero-padded 8-byte words, the byte length as last word: the keyed hash of
 * path ids. One definition for BPF and user space. (Aumasson, Bernstein: SipHash, 2012.)
 */
#ifndef RINGWALL_SIPHASH_H
#define RINGWALL_SIPHASH_H

#include <linux/types.h>

struct rw_siphash {
	__u64 v0, v1, v2, v3;
};

#define RW_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static inline __attribute__((always_inline)) void rw_sip_round(struct rw_siphash *h)
{
	h->v0 += h->v1;
	h->v1 = RW_ROTL(h->v1, 13);
	h->v1 ^= h->v0;
	h->v0 = RW_ROTL(h->v0, 32);
	h->v2 += h->v3;
	h->v3 = RW_ROTL(h->v3, 16);
	h->v3 ^= h->v2;
	h->v0 += h->v3;
	h->v3 = RW_ROTL(h->v3, 21);
	h->v3 ^= h->v0;
	h->v2 += h->v1;
	h->v1 = RW_ROTL(h->v1, 17);
	h->v1 ^= h->v2;
	h->v2 = RW_ROTL(h->v2, 32);
}

static inline __attribute__((always_inline)) void rw_sip_init(struct rw_siphash *h,
							      const __u64 *key)
{
	h->v0 = key[0] ^ 0x736f6d6570736575ull;
	h->v1 = key[1] ^ 0x646f72616e646f6dull;
	h->v2 = key[0] ^ 0x6c7967656e657261ull;
	h->v3 = key[1] ^ 0x7465646279746573ull;
}

static inline __attribute__((always_inline)) void rw_sip_word(struct rw_siphash *h, __u64 word)
{
	h->v3 ^= word;
	rw_sip_round(h);
	h->v0 ^= word;
}

/* Never 0, which means "unknown". */
static inline __attribute__((always_inline)) __u64 rw_sip_end(struct rw_siphash *h, __u64 length)
{
	rw_sip_word(h, length);
	h->v2 ^= 0xff;
	rw_sip_round(h);
	rw_sip_round(h);
	rw_sip_round(h);
	__u64 out = h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
	return out ? out : 1;
}

#endif
