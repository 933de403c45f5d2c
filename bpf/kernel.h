/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The few kernel structs that are walked, only the fields that are read; offsets are relocated at
 * load time (CO-RE). A suffix ___x marks another kernel's spelling of the same struct.
 */
#ifndef RINGWALL_KERNEL_H
#define RINGWALL_KERNEL_H

#include <linux/types.h>

#define RW_CORE __attribute__((preserve_access_index))

struct ns_common {
	unsigned int inum;
} RW_CORE;

struct user_namespace {
	struct ns_common ns;
} RW_CORE;

struct mnt_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
} RW_CORE;

struct net {
	__u64 net_cookie;
} RW_CORE;

struct net___5_10 {
	struct {
		__s64 counter;
	} net_cookie;
} RW_CORE;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
} RW_CORE;

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct group_info {
	int ngroups;
	kgid_t gid[0];
} RW_CORE;

struct cred {
	kuid_t uid;
	kgid_t gid;
	struct user_namespace *user_ns;
	struct group_info *group_info;
} RW_CORE;

struct kernfs_node {
	const char *name;
	struct kernfs_node *parent;
	__u64 id;
} RW_CORE;

struct kernfs_node___renamed {
	struct kernfs_node *__parent;
} RW_CORE;

struct cgroup {
	struct kernfs_node *kn;
} RW_CORE;

struct css_set {
	struct cgroup *dfl_cgrp;
} RW_CORE;

struct qstr {
	const unsigned char *name;
} RW_CORE;

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
} RW_CORE;

struct super_block {
	__u32 s_dev;
	struct dentry *s_root;
} RW_CORE;

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
} RW_CORE;

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
	struct timespec64 i_ctime;
} RW_CORE;

struct inode___6_6 {
	struct timespec64 __i_ctime;
} RW_CORE;

struct inode___6_11 {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
} RW_CORE;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
} RW_CORE;

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
} RW_CORE;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
} RW_CORE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} RW_CORE;

struct file {
	struct path f_path;
} RW_CORE;

struct mm_struct {
	struct file *exe_file;
} RW_CORE;

struct task_struct {
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	__u64 start_boottime;
	__u64 self_exec_id;
	const struct cred *real_cred;
	const struct cred *cred;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
} RW_CORE;

/* From 6.2, as every kernel on which our programs may call bpf_get_current_task_btf(). */
enum bpf_func_id___6_2 {
	BPF_FUNC_cgrp_storage_get___6_2 = 210,
};

struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} RW_CORE;

struct sock_common {
	volatile unsigned char skc_state;
	unsigned long skc_flags;
	struct {
		__s64 counter;
	} skc_cookie;
} RW_CORE;

struct sock {
	struct sock_common __sk_common;
	int sk_err;
} RW_CORE;

enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE, /* set when the peer's FIN was taken */
};

struct tcp_sock {
	__u64 bytes_acked;
	__u64 bytes_received;
	__u32 data_segs_out;
	__u32 data_segs_in;
	__u32 srtt_us;
	__u32 total_retrans;
} RW_CORE;

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} RW_CORE;

struct socket {
	struct sock *sk;
} RW_CORE;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} RW_CORE;

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} RW_CORE;

#endif
