// What the agent reads of its host: the root mount whose paths count, containers, users. Parsers
// are pure; the readers beside them only fetch the text.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "loader/datapath.h"

namespace ringwall::agent {

struct RootMount {
    std::uint32_t device = 0; // MAJOR<<20|MINOR
    bool whole = false;       // the mount's root is the file system's own root
};
// Of the last mount on "/" in the text of /proc/PID/mountinfo.
std::optional<RootMount> root_mount(std::string_view mountinfo);

// nullopt: the process is gone or may not be looked at.
std::optional<loader::Root> root_of_process(pid_t pid);
loader::Root own_root();
// A process in the cgroup or below it; nullopt: empty.
std::optional<pid_t> process_in(const std::string& cgroup_directory);

struct ContainerRef {
    std::string id;      // 64 hex digits
    std::string runtime; // podman, docker, containerd, cri-o; "" unknown
};
// From a cgroup path: libpod-ID.scope, libpod_parent/libpod-ID, docker-ID.scope, docker/ID,
// cri-containerd-ID.scope, crio-ID.scope, kubepods/.../ID. The innermost one counts.
std::optional<ContainerRef> container_in(std::string_view cgroup_path);

struct ContainerFacts {
    std::string name, image;
    std::map<std::string, std::string> labels; // at most 32, of the runtime's
};
// Out of what the runtimes keep on disk. Podman keeps labels elsewhere; of a pod's container the
// labels are io.kubernetes.pod.name and io.kubernetes.pod.namespace.
ContainerFacts docker_facts(std::string_view config_v2_json);
ContainerFacts podman_facts(std::string_view containers_json, std::string_view id);
ContainerFacts cri_facts(std::string_view config_json);
// Reads the runtime's files. Without a name there it is the first 12 digits of the id.
ContainerFacts container_facts(const ContainerRef& container);
std::string container_name(const ContainerRef& container);

std::string user_name(std::uint32_t uid);                       // the number when it has no name
std::optional<std::uint32_t> user_id(const std::string& name);  // names only
std::optional<std::uint32_t> group_id(const std::string& name); // names only

// Wall clock minus monotonic clock, ns; the monotonic clock, ns.
std::int64_t wall_offset_ns();
std::uint64_t monotonic_ns();
std::int64_t wall_ns(); // since 1970
// Since the boot, also while the host slept.
std::chrono::milliseconds boot_time();
std::uint64_t boot_ns();
std::int64_t wall_minus_boot_ns();
std::string boot_id(); // kernel.random.boot_id

} // namespace ringwall::agent
