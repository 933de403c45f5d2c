/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The one contract between the BPF programs and user space: keys, values, events, verdicts,
 * reasons and limits. Included by bpf/, loader/ and tests only.
 *
 * Rules of this file: fixed-width types; no implicit padding (sizes and offsets asserted);
 * addresses are 16 bytes in network order with IPv4 v4-mapped (::ffff:a.b.c.d), or 4 bytes in
 * network order where a name ends in 4; ports are host order; times are CLOCK_MONOTONIC ns.
 * Zero always means "none / unknown / any", as each field says.
 */
#ifndef RINGWALL_ABI_H
#define RINGWALL_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#define RW_ASSERT(cond, text) static_assert(cond, text)
#else
#define RW_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/* Raised whenever a pinned map of the version before cannot be adopted. */
#define RW_ABI_VERSION 4

enum rw_limits {
	RW_PATH_STEPS = 48,   /* components and mounts of a path; deeper is unresolved */
	RW_PATH_BYTES = 512,  /* path text, components leaf first; longer is unresolved */
	RW_CGROUP_DEPTH = 16, /* deeper cgroups belong to their ancestor at this depth */
	RW_SELECTORS = 64,    /* process selectors of one rule set */
	RW_GROUPS = 32,	      /* supplementary groups looked at; a task with more is unresolved */
	RW_BLOCK_KEPT_NS = 1000000000, /* a blocked verdict is asked again after this long */
	RW_NURSERY_SLOTS = 32768,      /* power of two */
	RW_SEGMENTS = 8,	       /* different times at which rules of one rule set end */
};

/* ---- modes, verdicts, reasons ------------------------------------------------------------- */

enum rw_mode {
	RW_MODE_IDLE = 0,
	RW_MODE_VISIBILITY = 1,
	RW_MODE_SELECTIVE = 2,
	RW_MODE_FULL = 3,
};

enum rw_direction {
	RW_DIR_NONE = 0, /* not known: allowed if either direction is */
	RW_DIR_OUT = 1,
	RW_DIR_IN = 2,
};

enum rw_verdict {
	RW_VERDICT_NONE = 0, /* not decided yet */
	RW_VERDICT_ALLOWED = 1,
	RW_VERDICT_WOULD_BLOCK = 2, /* passes: visibility mode */
	RW_VERDICT_UNMATCHED = 3,   /* passes: selective mode, no rule matched */
	RW_VERDICT_BLOCKED = 4,
};

enum rw_reason {
	RW_REASON_NONE = 0,
	RW_REASON_ALLOW,	 /* an allow rule matched */
	RW_REASON_DENY,		 /* a deny rule matched */
	RW_REASON_OVERRIDE_DENY, /* an override-deny rule matched */
	RW_REASON_NO_RULE,	 /* nothing matched */
	RW_REASON_FAILSAFE,	 /* the operator's failsafe list */
	RW_REASON_LOOPBACK,	 /* essential: inside one network namespace */
	RW_REASON_NEIGHBOUR,	 /* essential: IPv6 neighbour discovery, MLD, IGMP */
	RW_REASON_DHCP,		 /* essential: DHCP client */
	RW_REASON_MALFORMED,	 /* no valid header: denied and counted */
	RW_REASON_FRAGMENT,	 /* a fragment without ports, no all-ports rule */
	RW_REASON_IDLE,		 /* mode idle */
	RW_REASON_NO_SUBJECT,	 /* the cgroup belongs to no subject */
	RW_REASON_KERNEL,	 /* made by the kernel itself, judged at the root */
	RW_REASON_MAX,
};

/* ---- policy ------------------------------------------------------------------------------- */

/*
 * cgroups: cgroup id -> subject id. Only the cgroup that *is* a subject has an entry; all others
 * belong to their nearest ancestor that has one (looked up once, kept in cgroup_cache).
 * Writer: loader. Readers: every program.
 */
struct rw_cgroup_cache {
	__u32 subject;	  /* 0: belongs to none */
	__u32 generation; /* of struct rw_control when it was looked up */
};
RW_ASSERT(sizeof(struct rw_cgroup_cache) == 8, "rw_cgroup_cache");

/*
 * subjects: subject id (1..) -> this. A hash map, so one update replaces the value whole: the
 * flip to another rule set is one write.
 */
struct rw_subject {
	__u32 rule_set; /* 0: nothing matches */
	__u8 mode;	/* enum rw_mode */
	__u8 flags;	/* RW_SUBJECT_* */
	__u16 reserved;
	__u32 user_ns;	/* inode number of the user namespace whose paths count */
	__u32 root_dev; /* s_dev of the root mount whose paths count, kernel encoding */
	__u64 root_ino; /* inode of that mount's root; 0 when it is the file system's own root */
	__u32 staged;	/* a rule set that is only judged beside, see rw_impact; 0: none */
	__u32 staged_since; /* generation: flows that were decided before are asked about too */
};
RW_ASSERT(sizeof(struct rw_subject) == 32, "rw_subject");

enum rw_subject_flags {
	RW_SUBJECT_LOOPBACK_EVENTS = 1, /* report loopback flows (they always pass) */
};

/*
 * Peers. peers4/peers6 (exact host) first, then prefixes4/prefixes6 (longest prefix). An exact
 * entry carries the memberships of every list that covers it. Value: peer id, never 0.
 */
struct rw_prefix4 {
	__u32 length; /* 0..32 */
	__be32 address;
};
RW_ASSERT(sizeof(struct rw_prefix4) == 8, "rw_prefix4");

struct rw_prefix6 {
	__u32 length; /* 0..128 */
	__u8 address[16];
};
RW_ASSERT(sizeof(struct rw_prefix6) == 20, "rw_prefix6");

/*
 * rule_sets: rule-set id -> which attributes its selectors use at all, and class 0. Ids are never
 * reused while anything may still refer to them.
 */
enum rw_attribute {
	RW_ATTR_PATH = 0,      /* value: exe path id */
	RW_ATTR_NAME = 1,      /* value: id of the path's last component */
	RW_ATTR_UNIT = 2,      /* value: id of the cgroup path */
	RW_ATTR_CONTAINER = 3, /* value: cgroup id; written by user space, missing = unresolved */
	RW_ATTR_USER = 4,      /* value: uid in the initial user namespace */
	RW_ATTR_GROUP = 5,     /* value: gid in the initial user namespace */
	RW_ATTR_DIGEST = 6,    /* value: digest id, see digests (0 while it is not known) */
	RW_ATTR_MAX = 7,
};

/*
 * Which port-prefix lengths a class has entries for. Bit n (0..16): an entry of that length for
 * the packet's own protocol; bit 17: an entry for any protocol. Looked up longest first; the
 * compiler closes prefixes (a longer one carries all that the shorter ones and any-protocol
 * carry), so the first hit is the whole answer and no entry means "no rule".
 */
#define RW_LENGTH_ANY_PROTO (1u << 17)

struct rw_class {
	__u32 id;	   /* 0: no rule names this peer */
	__u32 out_lengths; /* lengths with an entry, outbound */
	__u32 in_lengths;
};
RW_ASSERT(sizeof(struct rw_class) == 12, "rw_class");

struct rw_rule_set {
	/* Per attribute: selectors without that part. All ones: nobody asks, skip the look-up. */
	__u64 unconstrained[RW_ATTR_MAX];
	struct rw_class unknown; /* class of peers without a peer id (and of classless peers) */
	__u32 epoch;		 /* raised when attributes get resolved later (digest, container) */
};
RW_ASSERT(sizeof(struct rw_rule_set) == 72, "rw_rule_set");

/* attributes: -> set of selectors of that rule set that this value satisfies (includes the
 * unconstrained ones). Missing: only the unconstrained ones. */
struct rw_attribute_key {
	__u32 rule_set;
	__u32 attribute; /* enum rw_attribute */
	__u64 value;
};
RW_ASSERT(sizeof(struct rw_attribute_key) == 16, "rw_attribute_key");

/* classes: (rule set, peer) -> class. Missing: rw_rule_set.unknown. */
struct rw_class_key {
	__u32 rule_set;
	__u32 peer;
};
RW_ASSERT(sizeof(struct rw_class_key) == 8, "rw_class_key");

/*
 * entries: one hash look-up per existing prefix length (normally one or two), so the cost does
 * not grow with the number of entries. `port` holds the top `length` bits of the port, rest zero.
 * ICMP: port is type << 8 | code. `protocol` 0 together with RW_ENTRY_ANY_PROTO: any protocol.
 */
struct rw_entry_key {
	__u32 rule_set;
	__u32 class_id;
	__u16 port;
	__u8 protocol;
	__u8 shape; /* length (0..16) | RW_ENTRY_ANY_PROTO | RW_ENTRY_IN */
};
RW_ASSERT(sizeof(struct rw_entry_key) == 12, "rw_entry_key");

#define RW_ENTRY_LENGTH 0x1f
#define RW_ENTRY_ANY_PROTO 0x40
#define RW_ENTRY_IN 0x80

/* Precedence: failsafe > override-deny > allow > deny > default of the mode. */
struct rw_entry {
	__u64 override_deny; /* selector sets: tested against the socket's maybe set */
	__u64 allow;	     /* tested against the sure set */
	__u64 deny;	     /* maybe set */
	__u32 id;	     /* entry id in the agent's table: entry x selector -> rules */
	__u8 any;	     /* RW_ANY_*: matches whatever the process is */
	__u8 timed;	     /* there are segments: some allow ends by itself */
	__u8 reserved[2];
};
RW_ASSERT(sizeof(struct rw_entry) == 32, "rw_entry");

enum rw_entry_any {
	RW_ANY_FAILSAFE = 1,
	RW_ANY_OVERRIDE_DENY = 2,
	RW_ANY_ALLOW = 4,
	RW_ANY_DENY = 8,
};

/*
 * segments: (entry, 0..) -> until when what is allowed, beside the entry's own. By rising time; the
 * first whose end is still to come counts, and none does when all are over. A decision that rests
 * on one is asked again for every packet. Removed with the entry.
 */
struct rw_segment_key {
	__u32 rule_set;
	__u32 entry;
	__u32 index; /* 0..RW_SEGMENTS-1, without a gap */
};
RW_ASSERT(sizeof(struct rw_segment_key) == 12, "rw_segment_key");

struct rw_segment {
	__u64 ends;  /* CLOCK_BOOTTIME ns: sleep counts */
	__u64 allow; /* selector set, tested against the sure set */
	__u32 any;   /* RW_ANY_ALLOW or 0 */
	__u32 reserved;
};
RW_ASSERT(sizeof(struct rw_segment) == 24, "rw_segment");

/* local4/local6: own address -> subject id, for packets the kernel makes itself (root only). */

/* control: one element, mapped by the agent. */
struct rw_control {
	__u32 abi_version;
	__u32 generation;   /* raised when something allowed may now be denied */
	__u64 secret[2];    /* SipHash key of path ids, made once per boot */
	__u64 paused_until; /* monotonic ns: until then nothing is blocked (would-block instead) */
	__u64 policy_version;
	__u32 flags; /* RW_CONTROL_* */
	__u32 zero;  /* always; see rw_zero */
};
RW_ASSERT(sizeof(struct rw_control) == 48, "rw_control");

enum rw_control_flags {
	RW_CONTROL_REFUSE_CONNECT = 1, /* connect/sendmsg may refuse: no address translation here */
	RW_CONTROL_SERVICE_RANGES = 2, /* ... but not towards service_ranges4/6 (LPM) */
	RW_CONTROL_GROUPS = 4,	       /* some rule set asks for groups: keep them */
};

/* ---- processes ---------------------------------------------------------------------------- */

enum rw_owner_flags {
	RW_OWNER_KNOWN = 1,	/* attributed at all */
	RW_OWNER_PATH = 2,	/* the path was walked; it counts where namespaces and root fit */
	RW_OWNER_DELETED = 4,	/* the file was replaced or removed since it was started */
	RW_OWNER_KERNEL = 8,	/* process [kernel] */
	RW_OWNER_FOREIGN = 16,	/* another user namespace or root than the subject's */
	RW_OWNER_TOO_LONG = 32, /* path longer than the walk allows */
	RW_OWNER_MEMFD = 64,	/* file without a place in the mount namespace */
	RW_OWNER_BACKFILLED = 128, /* written by the agent from the file tables */
	RW_OWNER_GROUPS = 256,	   /* more groups than RW_GROUPS: group is unresolved */
};

/*
 * principals: id (keyed hash of the value) -> everything that a process selector may ask for. One
 * for each program, cgroup, user and group list, however many processes and sockets are the same.
 * An LRU that the sweep keeps from losing what a live socket refers to; what is lost is unresolved.
 */
struct rw_principal {
	__u64 exe;	/* exe path id: key of exes; 0 unknown */
	__u64 name;	/* id of the last component */
	__u64 unit;	/* id of the cgroup path: key of units */
	__u64 file;	/* id of (device, inode, change time): key of digests */
	__u64 groups;	/* id of the group list: key of group_sets; 0 not asked */
	__u64 cgroup;	/* of the process */
	__u64 root_ino; /* where the path was walked to, see rw_subject */
	__u32 root_dev;
	__u32 user_ns;	     /* of the task when the path was walked */
	__u32 mount_user_ns; /* owner of the mount namespace the executable stands in */
	__u32 uid;
	__u32 gid;
	__u32 flags; /* RW_OWNER_* */
};
RW_ASSERT(sizeof(struct rw_principal) == 80, "rw_principal");
enum { RW_PRINCIPAL_WORDS = sizeof(struct rw_principal) / 8 };

/* Who owns a socket: copied to accepted sockets. */
struct rw_owner {
	__u64 principal;  /* key of principals; 0 unknown */
	__u64 start_time; /* of the process, boot clock ns */
	__u64 netns;	  /* network namespace cookie */
	__u64 sure;	  /* selectors that hold, under bits_* */
	__u64 maybe;	  /* selectors that may hold */
	__u32 bits_subject;
	__u32 bits_rule_set;
	__u32 bits_epoch;
	__u32 pid; /* thread group id in the initial pid namespace */
	__u32 exec_id;
	__u32 uid;
	__u32 flags;   /* RW_OWNER_* */
	__u32 subject; /* of the socket's cgroup, under subject_generation; set by cgroup_skb */
	__u32 subject_generation;
	__u32 reserved;
};
RW_ASSERT(sizeof(struct rw_owner) == 80, "rw_owner");

/* exes: exe id -> text, for reports. units: unit id -> the same. */
struct rw_path {
	__u32 bytes;		  /* used bytes of text */
	__u32 flags;		  /* RW_OWNER_* at first sight */
	char text[RW_PATH_BYTES]; /* components leaf first, '/' between: "named/sbin/usr" */
};
RW_ASSERT(sizeof(struct rw_path) == 520, "rw_path");

/* group_sets: id -> the group list of a task. */
struct rw_groups {
	__u32 count;
	__u32 gid[RW_GROUPS];
};
RW_ASSERT(sizeof(struct rw_groups) == 132, "rw_groups");

/* digests: file id (__u64) -> digest id (__u64), written by the agent. */

/* ---- flows -------------------------------------------------------------------------------- */

struct rw_tuple {
	__u8 local[16];
	__u8 peer[16];
	__u16 local_port;
	__u16 peer_port; /* ICMP: type << 8 | code of the first packet */
	__u8 protocol;
	__u8 family;	/* of the packet: 4 or 6 */
	__u8 direction; /* enum rw_direction */
	__u8 foreseen;	/* enum rw_verdict, with RW_FLOW_FORESEEN */
};
RW_ASSERT(sizeof(struct rw_tuple) == 40, "rw_tuple");

struct rw_counts {
	__u64 out_bytes, in_bytes;
	__u32 out_packets, in_packets;
};
RW_ASSERT(sizeof(struct rw_counts) == 24, "rw_counts");

/*
 * On a listener: the IPv4 peer whose SYN policy allowed last, in every word's upper half, and what
 * was found. Words, so that each is whole whoever writes it at the same time; they are believed
 * only when all four name the same peer. Accepted sockets inherit it for their first packet.
 */
struct rw_passed {
	__u64 generation;
	__u64 rule_set;
	__u64 peer;
	__u64 entry;
};
RW_ASSERT(sizeof(struct rw_passed) == 32, "rw_passed");

/* One flow: lives on the socket, or in udp_flows for a socket's further peers. */
struct rw_flow {
	__u32 generation; /* under which verdict was given; 0: not decided */
	__u8 verdict;
	__u8 reason;
	__u8 flags; /* RW_FLOW_* */
	__u8 direction;
	__u32 subject;
	__u32 peer; /* peer id; 0 unknown */
	__u32 entry;
	__u32 rule_set;
	__u64 started;
	__u64 last; /* UDP: last packet; blocked: time of the verdict */
	union {
		struct rw_tuple tuple; /* protocol 0 until the first packet was judged */
		struct rw_passed passed;
	};
	struct rw_counts counts; /* filled by cgroup_skb for all but TCP */
};
RW_ASSERT(sizeof(struct rw_flow) == 104, "rw_flow");

enum rw_flow_flags {
	RW_FLOW_REPORTED = 1, /* its end is reported (TCP: its start too, by the sweep) */
	RW_FLOW_REVOKED = 2,  /* was allowed, now blocked: its reset may leave */
	RW_FLOW_OUT_SEEN = 4,
	RW_FLOW_IN_SEEN = 8,
	RW_FLOW_REFUSED = 16,  /* refused in connect or sendmsg */
	RW_FLOW_FORESEEN = 32, /* judged in connect; holds for the SYN if it goes to that peer */
	RW_FLOW_TCP = 64,      /* one peer for good: the verdict holds for every packet */
};

/* The flow first: what every packet looks at is one cache line. */
struct rw_socket {
	struct rw_flow flow;
	struct rw_owner owner;
};
/* With the kernel's 72 bytes this fills a 256-byte slab object; more would double what a connection
 * costs in the allocator. */
RW_ASSERT(sizeof(struct rw_socket) == 184, "rw_socket");

/*
 * nursery: slot (low bits of the socket's cookie) -> a young TCP connection, see bpf/nursery.h. The
 * connection's end gives the slot back, and so does the sweep, which sets the generation of what it
 * has reported to 0: the next packet moves such a connection to socket storage.
 */
struct rw_slot {
	__u64 cookie;	/* 0: never used */
	__u32 freed;	/* tick of giving back, never 0 then; 0: in use */
	__u32 claimers; /* at this moment */
	struct rw_socket socket;
	__u8 reserved[56]; /* whole cache lines */
};
RW_ASSERT(sizeof(struct rw_slot) == 256, "rw_slot");

/* handovers: one for each CPU, from a listener to the connection that its packet makes. */
struct rw_handover {
	__be32 peer_tail; /* last 32 bits of the peer's address */
	__u16 peer_port;
	__u16 local_port; /* 0: taken */
	struct rw_owner owner;
	struct rw_passed passed;
	__u8 direction;
	__u8 reserved[7];
};
RW_ASSERT(sizeof(struct rw_handover) == 128, "rw_handover");

struct rw_udp_key {
	__u64 cookie;
	__u8 peer[16];
	__u16 peer_port;
	__u8 protocol;
	__u8 reserved[5];
};
RW_ASSERT(sizeof(struct rw_udp_key) == 32, "rw_udp_key");

/* udp_flows: a flow that its socket had before the present one, with its owner: rw_socket. */

#define RW_UDP_ONE_WAY_NS (30ull * 1000000000)
#define RW_UDP_BOTH_WAYS_NS (180ull * 1000000000)

/* ---- events ------------------------------------------------------------------------------- */

enum rw_event_kind {
	RW_EVENT_START = 1,
	RW_EVENT_UPDATE = 2,
	RW_EVENT_END = 3,
	RW_EVENT_DENY = 4, /* blocked, or would be and no flow is kept; repeats are folded */
	RW_EVENT_EXE = 5,  /* a file whose digest a selector asks for */
	RW_EVENT_MAX = 6,
};

struct rw_event {
	__u64 time;
	__u64 cookie;  /* of the socket; 0 where there is none, or nobody needed one */
	__u64 started; /* with the tuple, this tells TCP connections apart */
	struct rw_tuple tuple;
	struct rw_counts counts;
	__u64 exe, unit, netns, cgroup, start_time, file;
	__u32 pid, uid, owner_flags;
	__u32 subject, peer, entry, rule_set;
	__u32 policy_generation;
	__u64 sure, maybe; /* selector sets of the socket under rule_set */
	__u32 srtt_us, retransmits;
	__u32 count; /* deny: how many this record stands for */
	__u8 kind, verdict, reason, flags;
	__u8 tcp_state; /* end: state before CLOSE */
	__u8 error;	/* end of TCP: what the socket's owner is told (errno); 0: nothing */
	__u8 reserved[6];
};
RW_ASSERT(sizeof(struct rw_event) == 208, "rw_event");

/* folds: repeated denies of one (subject, peer address, port, direction, principal). Plain hash:
 * the agent drains it; a full map means the deny goes out unfolded. */
struct rw_fold_key {
	__u8 peer[16];
	__u64 principal;
	__u32 subject;
	__u16 port; /* the service port: peer's for out, local for in */
	__u8 protocol;
	__u8 direction; /* enum rw_direction | RW_FOLD_PASSED */
};
#define RW_FOLD_PASSED 0x80 /* would-block: visibility or pause */
RW_ASSERT(sizeof(struct rw_fold_key) == 32, "rw_fold_key");

struct rw_fold {
	__u64 count; /* denies since the first, which was sent */
	__u64 first, last;
};
RW_ASSERT(sizeof(struct rw_fold) == 24, "rw_fold");

/*
 * impacts: what a subject's staged rule set would change. Only ever counted up by the programs; the
 * loader removes the rows of rule sets that are no longer staged. A full map: RW_FAULT_IMPACT.
 */
enum rw_change {
	RW_CHANGE_NONE = 0, /* one row for all: only subject, staged and count say something */
	RW_CHANGE_BLOCKS = 1,
	RW_CHANGE_ALLOWS = 2,
};

struct rw_impact_key {
	__u64 principal;
	__u32 subject;
	__u32 staged;	/* rule set */
	__u32 rule_set; /* that decided */
	__u32 peer;
	__u32 staged_entry, entry;
	__u16 port; /* the service port */
	__u8 protocol;
	__u8 direction;
	__u8 staged_reason, reason;
	__u8 change; /* enum rw_change */
	__u8 reserved;
};
RW_ASSERT(sizeof(struct rw_impact_key) == 40, "rw_impact_key");

struct rw_impact {
	__u64 count, first, last;
	__u64 sure, maybe;		 /* of the process, under rule_set */
	__u64 staged_sure, staged_maybe; /* and under the staged one */
	__u8 peer[16];			 /* of the last one */
};
RW_ASSERT(sizeof(struct rw_impact) == 72, "rw_impact");

/* ---- counters (per CPU) ------------------------------------------------------------------- */

enum rw_hook {
	RW_HOOK_CONNECT = 0,
	RW_HOOK_SENDMSG,
	RW_HOOK_BIND,
	RW_HOOK_CREATE,
	RW_HOOK_RELEASE,
	RW_HOOK_INGRESS,
	RW_HOOK_EGRESS,
	RW_HOOK_SOCKOPS,
	RW_HOOK_MAX,
};

/* Every helper that can fail has a place; a failure never passes silently. */
enum rw_fault {
	RW_FAULT_STORAGE = 0, /* no socket storage: out of memory */
	RW_FAULT_PATH,	      /* exe text could not be kept */
	RW_FAULT_UDP_INSERT,
	RW_FAULT_FOLD_FULL,
	RW_FAULT_CACHE,
	RW_FAULT_HANDOVER, /* an accepted connection whose listener is not known */
	RW_FAULT_PACKET,
	RW_FAULT_IMPACT, /* no room for what a staged rule set would change */
	RW_FAULT_MAX,
};

/* Powers of two: an index is masked, which the verifier follows. */
enum { RW_EVENT_SLOTS = 8, RW_VERDICT_SLOTS = 8, RW_REASON_SLOTS = 16 };

struct rw_counters {
	__u64 slow[RW_HOOK_MAX];	 /* runs that left the fast path, by hook */
	__u64 offered[RW_EVENT_SLOTS];	 /* by kind */
	__u64 submitted[RW_EVENT_SLOTS]; /* offered = submitted + folded + lost */
	__u64 folded[RW_EVENT_SLOTS];
	__u64 lost[RW_EVENT_SLOTS];
	__u64 verdicts[RW_VERDICT_SLOTS]; /* decisions, not packets */
	__u64 reasons[RW_REASON_SLOTS];
	__u64 dropped_packets;
	__u64 unresolved; /* attributions that left something unresolved */
	__u64 refused;	  /* connect or sendmsg refused */
	__u64 udp_inserts;
	__u64 faults[RW_FAULT_MAX];
};

#endif /* RINGWALL_ABI_H */
