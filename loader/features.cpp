// What this host offers. Everything is asked of the kernel itself; versions decide only where a
// defect cannot be seen otherwise.
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "loader/failure.h"
#include "loader/mounts.h"
#include "loader/proc.h"
#include "loader/sock_diag.h"

namespace ringwall::loader {
namespace {

using Version = std::pair<int, int>;

struct Host {
    std::string release;
    Version version{0, 0};
    std::uint64_t capabilities = 0; // effective set
    bool may_load = false;          // rights to ask for program types at all

    bool has(int capability) const { return capabilities >> capability & 1; }
};

std::string text_of(const char* path) {
    return read_text(AT_FDCWD, path);
}

std::uint64_t effective_capabilities() {
    const std::string status = text_of("/proc/self/status");
    const auto at = status.find("\nCapEff:");
    return at == std::string::npos ? 0 : std::stoull(status.substr(at + 8), nullptr, 16);
}

Host this_host() {
    Host host;
    utsname name{};
    uname(&name);
    host.release = name.release;
    std::sscanf(name.release, "%d.%d", &host.version.first, &host.version.second);
    host.capabilities = effective_capabilities();
    host.may_load = host.has(CAP_SYS_ADMIN) ||
                    (host.has(CAP_BPF) && host.has(CAP_NET_ADMIN) && host.has(CAP_PERFMON));
    return host;
}

// A feature whose note tells its state when present and the cure when not.
Feature required(std::string name, bool present, const std::string& state,
                 const std::string& cure) {
    return {std::move(name), present, true, present ? state : cure};
}

Feature optional(std::string name, bool present, const std::string& state,
                 const std::string& cure) {
    return {std::move(name), present, false, present ? state : cure};
}

Feature kernel(const Host& host) {
    return required("Linux 5.10 or newer", host.version >= Version{5, 10}, host.release,
                    "this is " + host.release + "; install a newer kernel");
}

Feature btf() {
    return required("BTF of the kernel", access("/sys/kernel/btf/vmlinux", R_OK) == 0,
                    "/sys/kernel/btf/vmlinux",
                    "/sys/kernel/btf/vmlinux cannot be read; use a kernel built with "
                    "CONFIG_DEBUG_INFO_BTF (all current distributions' are) and mount sysfs");
}

Feature cgroups() {
    const auto mount = cgroup2_mount();
    return required("cgroup v2", mount.has_value(), mount ? "mounted at " + *mount : "",
                    mount ? "" : mount.error().message);
}

// Number of the v1 hierarchy a controller is mounted in; 0: none.
int v1_hierarchy(const std::string& controller) {
    std::istringstream lines(text_of("/proc/cgroups"));
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string name;
        int hierarchy = 0;
        if (fields >> name >> hierarchy && name == controller)
            return hierarchy;
    }
    return 0;
}

// Before 5.15 one field of the socket holds either the v2 cgroup or these v1 classes.
Feature socket_cgroups(const Host& host) {
    const bool v1 = v1_hierarchy("net_cls") != 0 || v1_hierarchy("net_prio") != 0;
    return required("cgroup v2 membership of sockets", host.version >= Version{5, 15} || !v1, "",
                    "net_cls or net_prio is mounted as cgroup v1, which makes kernels before 5.15 "
                    "forget the v2 cgroup of sockets; boot with "
                    "systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=net_cls,net_prio, or use a "
                    "newer kernel");
}

Feature bpffs(const Host& host) {
    const bool known = text_of("/proc/filesystems").find("\tbpf\n") != std::string::npos;
    std::string where;
    for (const auto& [id, mount] : parse_mounts(text_of("/proc/self/mountinfo")))
        if (mount.type == "bpf" && where.empty())
            where = mount.point;
    const bool possible = !where.empty() || host.has(CAP_SYS_ADMIN);
    return required("bpffs", known && possible,
                    where.empty() ? "not mounted yet; the agent mounts it" : "mounted at " + where,
                    known
                        ? "it is not mounted and CAP_SYS_ADMIN to mount it is missing; run: mount "
                          "-t bpf bpf /sys/fs/bpf"
                        : "this kernel was built without CONFIG_BPF_SYSCALL");
}

Feature initial_user_namespace() {
    constexpr std::string_view initial = "user:[4026531837]"; // PROC_USER_INIT_INO
    std::string own(64, '\0');
    const ssize_t size = readlink("/proc/self/ns/user", own.data(), own.size());
    own.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return required("initial user namespace", own == initial, "",
                    "this process is in a user namespace of its own (a rootless container), where "
                    "no capability lets it attach programs; run it as root of the host");
}

void add_capabilities(std::vector<Feature>& out, const Host& host) {
    const bool admin = host.has(CAP_SYS_ADMIN);
    const auto cure = [](const std::string& name) {
        return "start the agent as root, or with AmbientCapabilities=" + name + " in its unit";
    };
    out.push_back(required("CAP_BPF", host.has(CAP_BPF) || admin, "", cure("CAP_BPF")));
    out.push_back(required("CAP_NET_ADMIN", host.has(CAP_NET_ADMIN), "", cure("CAP_NET_ADMIN")));
    out.push_back(required("CAP_PERFMON", host.has(CAP_PERFMON) || admin, "",
                           cure("CAP_PERFMON") + "; it lets programs see which process connects"));
    out.push_back(
        optional("CAP_SYS_PTRACE", host.has(CAP_SYS_PTRACE), "",
                 "sockets older than the agent have no known process; " + cure("CAP_SYS_PTRACE")));
    out.push_back(optional("CAP_SYS_ADMIN", admin, "",
                           "connections in other network namespaces are cut but their ends are not "
                           "told; " +
                               cure("CAP_SYS_ADMIN")));
    if (host.version < Version{5, 11})
        out.push_back(required("CAP_SYS_RESOURCE", host.has(CAP_SYS_RESOURCE), "",
                               "kernels before 5.11 count maps as locked memory; " +
                                   cure("CAP_SYS_RESOURCE")));
}

Feature probed(const Host& host, const std::string& name, int answer, const std::string& option) {
    if (!host.may_load)
        return required(name, false, "",
                        "it could not be asked for: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (or "
                        "CAP_SYS_ADMIN) are missing");
    return required(name, answer == 1, "",
                    "this kernel refuses it; it needs Linux 5.10 with " + option +
                        " and no lockdown");
}

void add_programs(std::vector<Feature>& out, const Host& host) {
    static constexpr std::pair<bpf_prog_type, const char*> types[] = {
        {BPF_PROG_TYPE_CGROUP_SKB, "cgroup_skb"},
        {BPF_PROG_TYPE_CGROUP_SOCK, "cgroup_sock"},
        {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "cgroup_sock_addr"},
        {BPF_PROG_TYPE_SOCK_OPS, "sock_ops"}};
    for (const auto& [type, name] : types)
        out.push_back(probed(host, std::string("BPF programs of type ") + name,
                             host.may_load ? libbpf_probe_bpf_prog_type(type, nullptr) : 0,
                             "CONFIG_CGROUP_BPF"));
}

void add_maps(std::vector<Feature>& out, const Host& host) {
    static constexpr std::pair<bpf_map_type, const char*> types[] = {
        {BPF_MAP_TYPE_SK_STORAGE, "sk_storage"},
        {BPF_MAP_TYPE_RINGBUF, "ringbuf"},
        {BPF_MAP_TYPE_LPM_TRIE, "lpm_trie"}};
    for (const auto& [type, name] : types)
        out.push_back(probed(host, std::string("BPF maps of type ") + name,
                             host.may_load ? libbpf_probe_bpf_map_type(type, nullptr) : 0,
                             "CONFIG_BPF_SYSCALL and CONFIG_NET"));
}

struct Helper {
    bpf_prog_type type;
    bpf_func_id id;
    const char* name;
};

void add_helpers(std::vector<Feature>& out, const Host& host) {
    static constexpr Helper helpers[] = {
        {BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_sk_storage_get, "sk_storage_get at packets"},
        {BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_skb_cgroup_id, "skb_cgroup_id at packets"},
        {BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_sk_storage_get, "sk_storage_get at bind"},
        {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_sk_storage_get, "sk_storage_get at connect"},
        {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_get_netns_cookie, "get_netns_cookie at connect"},
        {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_get_current_task, "get_current_task at connect"},
        {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_probe_read_kernel,
         "probe_read_kernel at connect"},
        {BPF_PROG_TYPE_SOCK_OPS, BPF_FUNC_sk_storage_get, "sk_storage_get in sock_ops"},
        {BPF_PROG_TYPE_SOCK_OPS, BPF_FUNC_ringbuf_reserve, "ringbuf_reserve in sock_ops"}};
    for (const auto& [type, id, name] : helpers)
        out.push_back(probed(host, std::string("BPF helper ") + name,
                             host.may_load ? libbpf_probe_bpf_helper(type, id, nullptr) : 0,
                             "CONFIG_CGROUP_BPF"));
}

Feature lockdown() {
    const std::string level = text_of("/sys/kernel/security/lockdown");
    return required(
        "BPF reads of kernel memory", level.find("[confidentiality]") == std::string::npos,
        level.empty() ? "no lockdown" : "lockdown: " + level.substr(0, level.find('\n')),
        "lockdown=confidentiality forbids it; boot with lockdown=integrity or none");
}

Feature jit() {
    const std::string enabled = text_of("/proc/sys/net/core/bpf_jit_enable");
    return optional("BPF JIT compiler", !enabled.starts_with('0'), "",
                    "programs are interpreted, several times slower; run: sysctl -w "
                    "net.core.bpf_jit_enable=1");
}

Feature older_sockets() {
    const std::string scope = text_of("/proc/sys/kernel/yama/ptrace_scope");
    return optional("access to foreign file tables", !scope.starts_with('3'), "",
                    "sockets older than the agent have no known process, because "
                    "kernel.yama.ptrace_scope is 3; boot with 2 or less");
}

Feature ending(const std::string& name, std::uint8_t protocol) {
    const auto able = can_destroy(protocol);
    return optional("ending of " + name, able.has_value(), "",
                    able ? ""
                         : "what policy no longer allows is cut, but its programs wait until they "
                           "time out; " +
                               able.error().message);
}

Feature bpf_lsm() {
    const std::string modules = "," + text_of("/sys/kernel/security/lsm") + ",";
    const bool present =
        modules.find(",bpf,") != std::string::npos || modules.find(",bpf\n") != std::string::npos;
    return optional(
        "BPF LSM", present, "",
        "self-protection against other users of BPF is off; boot with lsm=...,bpf added "
        "to what /sys/kernel/security/lsm shows");
}

} // namespace

std::vector<Feature> probe_features() {
    const Host host = this_host();
    std::vector<Feature> out{kernel(host),         btf(),       cgroups(),
                             socket_cgroups(host), bpffs(host), initial_user_namespace()};
    add_capabilities(out, host);
    out.push_back(lockdown());
    add_programs(out, host);
    add_maps(out, host);
    add_helpers(out, host);
    out.push_back(jit());
    out.push_back(older_sockets());
    out.push_back(ending("TCP connections (sock_diag)", IPPROTO_TCP));
    out.push_back(ending("connected UDP sockets (sock_diag)", IPPROTO_UDP));
    out.push_back(bpf_lsm());
    return out;
}

} // namespace ringwall::loader
