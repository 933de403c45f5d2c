/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Current task -> who it is: executable path as its mount namespace sees it, cgroup path, user,
 * groups. Process context only. Nothing tracks exec or fork: a cached answer counts only while
 * start time, exec count and exe_file are still the same.
 */
#ifndef RINGWALL_PROCESS_H
#define RINGWALL_PROCESS_H

#include <bpf/bpf_core_read.h>

#include "bpf/event.h"
#include "bpf/kernel.h"
#include "bpf/siphash.h"

static const struct rw_walk rw_empty_walk;

static __always_inline struct rw_control *rw_ctl(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&control, &zero);
}

/*
 * Zero, which the verifier does not know. Verifiers up to 6.1 go on believing in the constants of
 * an initialiser after a called function wrote there, and cut branches; this they must not believe
 * in.
 */
static __always_inline __u32 rw_zero(const struct rw_control *ctl)
{
	return *(const volatile __u32 *)&ctl->zero;
}

/*
 * As bpf_get_current_pid_tgid() and bpf_get_current_uid_gid(), which sockops lack before 7.x. Both
 * pairs stand side by side in every kernel's struct.
 */
static __always_inline __u64 rw_task_id(struct task_struct *task)
{
	__u64 ids = 0;
	bpf_core_read(&ids, sizeof(ids), &task->pid);
	return ids;
}

static __always_inline __u64 rw_task_user(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);
	__u64 ids = 0;
	bpf_core_read(&ids, sizeof(ids), &cred->uid);
	return ids;
}

static __always_inline __u64 rw_hash_words(const char *text, __u32 bytes, __u32 capacity,
					   const __u64 *key)
{
	struct rw_siphash h;
	rw_sip_init(&h, key);
	for (__u32 i = 0; i < capacity / 8; i++) {
		if (i * 8 >= bytes)
			break;
		rw_sip_word(&h, *(const __u64 *)(text + i * 8));
	}
	return rw_sip_end(&h, bytes);
}

static __always_inline __u64 rw_netns_cookie(struct net *net)
{
	if (bpf_core_field_exists(net->net_cookie))
		return BPF_CORE_READ(net, net_cookie);
	return BPF_CORE_READ((struct net___5_10 *)net, net_cookie.counter);
}

/* "[kernel]" is one word: the id that a selector naming it gets. */
static __always_inline __u64 rw_kernel_id(const __u64 *key)
{
	struct rw_siphash h;
	rw_sip_init(&h, key);
	rw_sip_word(&h, 0x5d6c656e72656b5bull);
	return rw_sip_end(&h, 8);
}

/* Appends a name and '/'. False when the text would get too long. */
static __always_inline bool rw_walk_add(struct rw_walk *w, const void *name)
{
	__u32 at = w->path.bytes;
	if (at >= RW_PATH_BYTES)
		return false;
	long n = bpf_probe_read_kernel_str(&w->path.text[at], 256, name);
	if (n <= 1) /* failed, or an empty name */
		return false;
	__u32 last = at + n - 1; /* tested after the subtraction: old verifiers need it so */
	if (last >= RW_PATH_BYTES)
		return false;
	w->path.text[last] = '/';
	w->path.bytes = last + 1;
	return true;
}

/* Drops the '/' after the last component, so that the padding is zero. */
static __always_inline void rw_walk_close(struct rw_walk *w)
{
	__u32 last = w->path.bytes - 1;
	if (last >= RW_PATH_BYTES)
		return;
	w->path.text[last] = 0;
	w->path.bytes = last;
}

static __always_inline void rw_file_id(struct inode *inode, struct rw_principal *p,
				       const __u64 *key)
{
	struct rw_siphash h;
	__u64 ctime = 0;
	if (bpf_core_field_exists(inode->i_ctime)) {
		ctime = BPF_CORE_READ(inode, i_ctime.tv_sec) * 1000000000ull +
			BPF_CORE_READ(inode, i_ctime.tv_nsec);
	} else if (bpf_core_field_exists(((struct inode___6_6 *)0)->__i_ctime)) {
		struct inode___6_6 *i = (void *)inode;
		ctime = BPF_CORE_READ(i, __i_ctime.tv_sec) * 1000000000ull +
			BPF_CORE_READ(i, __i_ctime.tv_nsec);
	} else if (bpf_core_field_exists(((struct inode___6_11 *)0)->i_ctime_sec)) {
		struct inode___6_11 *i = (void *)inode;
		ctime = BPF_CORE_READ(i, i_ctime_sec) * 1000000000ull +
			(BPF_CORE_READ(i, i_ctime_nsec) & 0x7fffffff); /* bit 31: was queried */
	} else {
		return; /* digest stays unresolved */
	}
	rw_sip_init(&h, key);
	rw_sip_word(&h, BPF_CORE_READ(inode, i_ino));
	rw_sip_word(&h, BPF_CORE_READ(inode, i_sb, s_dev));
	rw_sip_word(&h, ctime);
	p->file = rw_sip_end(&h, 24);
}

/*
 * From the executable up through its mounts to the top of the mount namespace that it stands in.
 * Mounts on top of the namespace's root (initramfs, pivot_root) add no name; the root that counts
 * is the mount in which the topmost component was found.
 */
static __always_inline bool rw_walk_path(struct file *file, struct rw_walk *w,
					 struct rw_principal *p)
{
	struct vfsmount *vfs = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	struct mount *root = mount;
	__u64 ns = (__u64)BPF_CORE_READ(mount, mnt_ns);

	/* memfd and detached mounts have no namespace, or an error pointer in its place */
	if (ns == 0 || ns >= (__u64)-4095) {
		p->flags |= RW_OWNER_MEMFD;
		return false;
	}
	p->mount_user_ns = BPF_CORE_READ((struct mnt_namespace *)ns, user_ns, ns.inum);
	if (!BPF_CORE_READ(dentry, d_hash.pprev))
		p->flags |= RW_OWNER_DELETED;
	for (int i = 0; i < RW_PATH_STEPS; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
			struct mount *up = BPF_CORE_READ(mount, mnt_parent);
			if (up == mount) {
				rw_walk_close(w);
				struct dentry *top = BPF_CORE_READ(root, mnt.mnt_root);
				struct super_block *sb = BPF_CORE_READ(root, mnt.mnt_sb);
				p->root_dev = BPF_CORE_READ(sb, s_dev);
				if (top != BPF_CORE_READ(sb, s_root))
					p->root_ino = BPF_CORE_READ(top, d_inode, i_ino);
				return w->path.bytes != 0;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = up;
			continue;
		}
		const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
		if (w->path.bytes == 0) /* of a file mounted over another: the other's */
			bpf_probe_read_kernel_str(w->name, sizeof(w->name), name);
		if (!rw_walk_add(w, name))
			break;
		root = mount;
		dentry = parent;
	}
	p->flags |= RW_OWNER_TOO_LONG;
	return false;
}

static __always_inline void rw_remember_path(void *map, __u64 id, struct rw_walk *w)
{
	if (bpf_map_update_elem(map, &id, &w->path, BPF_NOEXIST) && !bpf_map_lookup_elem(map, &id))
		RW_FAULT(RW_FAULT_PATH);
}

/* A walk's work space, private to the task; 0 when there is none. Give it back with rw_walk_end. */
static __always_inline struct rw_walk *rw_walk_begin(__u64 task_id)
{
	bpf_map_update_elem(&walks, &task_id, &rw_empty_walk, BPF_ANY);
	struct rw_walk *w = bpf_map_lookup_elem(&walks, &task_id);
	if (!w)
		RW_FAULT(RW_FAULT_PATH);
	return w;
}

static __always_inline void rw_walk_end(__u64 task_id)
{
	bpf_map_delete_elem(&walks, &task_id);
}

static __always_inline void rw_name_path(struct file *file, struct rw_walk *w,
					 const struct rw_control *ctl)
{
	struct rw_principal *p = &w->process.who;
	p->flags |= RW_OWNER_PATH;
	w->path.flags = p->flags;
	p->exe = rw_hash_words(w->path.text, w->path.bytes, RW_PATH_BYTES, ctl->secret);
	rw_remember_path(&exes, p->exe, w);
	__u32 n = 0;
	for (; n < 255; n++)
		if (!w->name[n & 255])
			break;
	p->name = rw_hash_words(w->name, n, 256, ctl->secret);
	rw_file_id(BPF_CORE_READ(file, f_path.dentry, d_inode), p, ctl->secret);
}

/*
 * Walks the current task's executable and remembers the answer in `processes`. Global with scalar
 * arguments only, so that its loops are verified once.
 */
int rw_identify(__u64 start, __u64 exec_id)
{
	struct rw_control *ctl = rw_ctl();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	__u64 task_id = rw_task_id(task);
	__u32 pid = task_id >> 32;
	struct rw_walk *w = ctl ? rw_walk_begin(task_id) : 0;
	if (!w)
		return -1;
	w->process.start_time = start;
	w->process.exec_id = exec_id;
	w->process.exe_file = (__u64)file;
	w->process.who.flags = RW_OWNER_KNOWN;
	w->process.who.user_ns = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	if (file && rw_walk_path(file, w, &w->process.who))
		rw_name_path(file, w, ctl);
	int failed = bpf_map_update_elem(&processes, &pid, &w->process, BPF_ANY);
	if (failed)
		RW_FAULT(RW_FAULT_CACHE);
	rw_walk_end(task_id);
	return failed;
}

static __always_inline struct kernfs_node *rw_kernfs_parent(struct kernfs_node *kn)
{
	if (bpf_core_field_exists(kn->parent))
		return BPF_CORE_READ(kn, parent);
	return BPF_CORE_READ((struct kernfs_node___renamed *)kn, __parent);
}

/* Id of the current task's cgroup path. Global, so verified once. */
__u64 rw_walk_unit(__u64 cgroup)
{
	struct rw_control *ctl = rw_ctl();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct kernfs_node *kn = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	__u64 task_id = rw_task_id(task);
	struct rw_walk *w = kn && ctl ? rw_walk_begin(task_id) : 0;
	if (!w)
		return 0;
	bool whole = false;
	for (int i = 0; i < RW_PATH_STEPS; i++) {
		struct kernfs_node *parent = rw_kernfs_parent(kn);
		if (!parent) {
			whole = true;
			break;
		}
		if (!rw_walk_add(w, BPF_CORE_READ(kn, name)))
			break;
		kn = parent;
	}
	__u64 id = 0;
	if (whole) {
		rw_walk_close(w);
		id = rw_hash_words(w->path.text, w->path.bytes, RW_PATH_BYTES, ctl->secret);
		rw_remember_path(&units, id, w);
		if (bpf_map_update_elem(&unit_cache, &cgroup, &id, BPF_ANY))
			RW_FAULT(RW_FAULT_CACHE);
	}
	rw_walk_end(task_id);
	return id;
}

/* Remembered per cgroup, which v2 never renames. */
static __always_inline __u64 rw_unit_of(__u64 cgroup)
{
	__u64 *known = bpf_map_lookup_elem(&unit_cache, &cgroup);
	return known ? *known : rw_walk_unit(cgroup);
}

/* Id of the current task's group list. Global, so verified once. */
__u64 rw_groups_of_task(void)
{
	struct rw_control *ctl = rw_ctl();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct group_info *info = BPF_CORE_READ(task, cred, group_info);
	int n = BPF_CORE_READ(info, ngroups);
	struct rw_groups set = {};
	struct rw_siphash h;
	if (!ctl || n < 0 || n > RW_GROUPS)
		return 0;
	set.count = n;
	rw_sip_init(&h, ctl->secret);
	for (int i = 0; i < RW_GROUPS; i++) {
		if (i >= n)
			break;
		if (bpf_probe_read_kernel(&set.gid[i], 4, &info->gid[i]))
			return 0;
		rw_sip_word(&h, set.gid[i]);
	}
	__u64 id = rw_sip_end(&h, n);
	if (!bpf_map_lookup_elem(&group_sets, &id) &&
	    bpf_map_update_elem(&group_sets, &id, &set, BPF_ANY))
		RW_FAULT(RW_FAULT_CACHE);
	return id;
}

/* The present task, read once. */
struct rw_task {
	__u64 start, exec_id, exe_file;
	__u64 cgroup, groups;
	__u32 pid, uid, gid, flags;
};

static __always_inline bool rw_same_process(const struct rw_process *p, const struct rw_task *t)
{
	return p->start_time == t->start && p->exec_id == t->exec_id && p->exe_file == t->exe_file;
}

static __always_inline bool rw_same_principal(const struct rw_principal *who,
					      const struct rw_task *t)
{
	return who->cgroup == t->cgroup && who->groups == t->groups && who->uid == t->uid &&
	       who->gid == t->gid;
}

static __always_inline __u64 rw_hash_principal(const struct rw_principal *who, const __u64 *key)
{
	const __u64 *words = (const __u64 *)who;
	struct rw_siphash h;
	rw_sip_init(&h, key);
	for (int i = 0; i < RW_PRINCIPAL_WORDS; i++)
		rw_sip_word(&h, words[i]);
	return rw_sip_end(&h, RW_PRINCIPAL_WORDS);
}

/* Fills in what changes without an exec, and makes the principal known. */
static __noinline int rw_enrol(struct rw_process *p, const struct rw_task *t)
{
	struct rw_control *ctl = rw_ctl();
	if (!p || !t || !ctl)
		return -1;
	p->who.cgroup = t->cgroup;
	p->who.unit = rw_unit_of(t->cgroup);
	p->who.groups = t->groups;
	p->who.uid = t->uid;
	p->who.gid = t->gid;
	p->who.flags |= t->flags;
	__u64 id = rw_hash_principal(&p->who, ctl->secret);
	p->id = id;
	if (bpf_map_update_elem(&principals, &id, &p->who, BPF_ANY)) {
		RW_FAULT(RW_FAULT_CACHE);
		return -1;
	}
	return 0;
}

/* A known process that is not, or no longer, the principal it was. In a frame of its own, which
 * rw_attribute_kernel's way does not pay: older verifiers add frames up in steps of 32 bytes. */
static __noinline int rw_enrol_anew(struct rw_owner *o, const struct rw_process *known,
				    const struct rw_task *t)
{
	if (!o || !known || !t)
		return -1;
	struct rw_process p = *known;
	__u32 pid = t->pid;
	barrier();
	if (!rw_same_process(known, t))
		return -1;
	if (rw_enrol(&p, t))
		return -1;
	/* whole, so that no reader meets half of it */
	if (bpf_map_update_elem(&processes, &pid, &p, BPF_ANY))
		RW_FAULT(RW_FAULT_CACHE);
	o->principal = p.id;
	o->flags = p.who.flags;
	return 0;
}

/*
 * A user process: from `processes` while nothing about it changed. An LRU reuses its elements at
 * once, so what was read counts only if the element is still this process's afterwards.
 */
static __always_inline int rw_attribute_process(struct rw_owner *o, const struct rw_task *t)
{
	__u32 pid = t->pid;
	struct rw_process *known = bpf_map_lookup_elem(&processes, &pid);
	if (!known || !rw_same_process(known, t)) {
		if (rw_identify(t->start, t->exec_id))
			return -1;
		known = bpf_map_lookup_elem(&processes, &pid);
		if (!known || !rw_same_process(known, t))
			return -1;
	}
	if (!known->id || !rw_same_principal(&known->who, t))
		return rw_enrol_anew(o, known, t);
	const __u64 id = known->id;
	const __u32 flags = known->who.flags;
	barrier();
	if (!rw_same_process(known, t))
		return -1;
	o->principal = id;
	o->flags = flags;
	return 0;
}

static __noinline int rw_attribute_kernel(struct rw_owner *o, const struct rw_task *t)
{
	struct rw_control *ctl = rw_ctl();
	struct rw_process p = {};
	if (!o || !t || !ctl)
		return -1;
	p.who.flags = RW_OWNER_KNOWN;
	/* kernel threads stay in the root cgroup; MPTCP's workers do not own their socket */
	if (t->cgroup == 1) {
		p.who.flags = RW_OWNER_KNOWN | RW_OWNER_KERNEL;
		p.who.exe = p.who.name = rw_kernel_id(ctl->secret);
	}
	if (rw_enrol(&p, t))
		return -1;
	o->principal = p.id;
	o->flags = p.who.flags;
	return 0;
}

/* Direct loads where the kernel lets these programs have a typed task; else a helper call each. */
static __always_inline bool rw_read_task(struct rw_task *t)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___6_2, BPF_FUNC_cgrp_storage_get___6_2)) {
		struct task_struct *task = bpf_get_current_task_btf();
		struct task_struct *leader = task->group_leader;
		const struct cred *cred = task->real_cred;
		struct mm_struct *mm = task->mm;
		t->pid = task->tgid;
		t->start = leader->start_boottime;
		t->exec_id = task->self_exec_id;
		t->uid = cred->uid.val;
		t->gid = cred->gid.val;
		t->exe_file = mm ? (__u64)mm->exe_file : 0;
		return mm;
	}
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 task_id = rw_task_id(task), ids = rw_task_user(task);
	t->pid = task_id >> 32;
	t->start = BPF_CORE_READ(task, group_leader, start_boottime);
	t->exec_id = BPF_CORE_READ(task, self_exec_id);
	t->uid = ids;
	t->gid = ids >> 32;
	t->exe_file = mm ? (__u64)BPF_CORE_READ(mm, exe_file) : 0;
	return mm;
}

/*
 * Writes who the current task is into *o. `netns`: cookie of the socket's network namespace,
 * `cgroup`: id of the task's cgroup; 0 to read them from the task, where a hook lacks the helper.
 */
static __noinline int rw_attribute(struct rw_owner *o, __u64 netns, __u64 cgroup)
{
	struct rw_control *ctl = rw_ctl();
	if (!o || !ctl)
		return -1;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct rw_task t = {};
	const bool user = rw_read_task(&t);

	__builtin_memset(o, 0, sizeof(*o));
	o->pid = t.pid;
	o->start_time = t.start;
	o->exec_id = t.exec_id;
	o->uid = t.uid;
	o->netns = netns ? netns : rw_netns_cookie(BPF_CORE_READ(task, nsproxy, net_ns));
	o->flags = RW_OWNER_KNOWN;
	t.cgroup = cgroup ? cgroup : BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	if (ctl->flags & RW_CONTROL_GROUPS) {
		t.groups = rw_groups_of_task();
		if (!t.groups)
			t.flags = RW_OWNER_GROUPS;
	}
	if (user)
		rw_attribute_process(o, &t);
	else
		rw_attribute_kernel(o, &t);
	if (!(o->flags & (RW_OWNER_PATH | RW_OWNER_KERNEL)))
		RW_INC(unresolved);
	return 0;
}

/* Still the program that owns the socket? Cheaper than attributing again. */
static __always_inline bool rw_is_owner(const struct rw_owner *o)
{
	if (o->pid != bpf_get_current_pid_tgid() >> 32)
		return false;
	struct task_struct *task = (void *)bpf_get_current_task();
	return o->exec_id == (__u32)BPF_CORE_READ(task, self_exec_id) &&
	       o->uid == (__u32)bpf_get_current_uid_gid();
}

#endif
