/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the oracle's test object and the oracle tell each other about one packet. */
#ifndef RINGWALL_ORACLE_EXCHANGE_H
#define RINGWALL_ORACLE_EXCHANGE_H

#include "bpf/abi.h"

struct oracle_exchange {
    /* in */
    struct rw_principal who; /* whose socket it is; flags 0: nobody knows */
    __u32 tcp_direction;     /* as connect or listen would have left it on the socket */
    /* out */
    __u32 passes;
    struct rw_flow flow; /* what the product kept on the socket; generation 0: nothing */
    __u64 sure, maybe;
    __u32 rule_set, peer, entry, verdict; /* what the judge says when asked alone */
};

#endif
