// Who a running process is, from procfs, in the same terms in which bpf/process.h sees it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "loader/file_id.h"
#include "loader/mounts.h"
#include "loader/proc.h"

namespace ringwall::loader {

struct Executable {
    std::string path;        // up to the top of its mount namespace; empty when unresolved
    std::uint32_t flags = 0; // RW_OWNER_PATH, _DELETED, _MEMFD, _TOO_LONG
    FileKey file;
    std::uint32_t root_dev = 0, mount_user_ns = 0; // see struct rw_owner
    std::uint64_t root_ino = 0;
};

struct Process {
    pid_t pid = 0;
    std::uint64_t start_ns = 0; // boot clock, to the tick: procfs says no more
    std::uint32_t uid = 0, gid = 0;
    std::vector<std::uint32_t> groups; // in the kernel's order
    std::uint32_t user_ns = 0;
    Executable exe;
};

// Short enough for the walk of bpf/process.h; longer paths have no id.
bool is_walkable(const std::string& absolute_path);

// Reads processes, keeping what it learnt of their mount namespaces. An executable that stands in
// another mount namespace than its process is looked for in the others seen before.
class ProcessReader {
  public:
    ProcessReader();
    // nullopt: it ended, or may not be looked at.
    std::optional<Process> read(const ProcDir& directory);

  private:
    struct View { // a mount namespace, seen from its top
        Mounts mounts;
        std::uint32_t user_ns = 0;
        std::uint64_t root_mount = 0, root_inode = 0;
    };
    using Place = std::tuple<const View*, const Mounts::value_type*>; // of the root mount

    void add_view(const ProcDir& directory);
    Place find(std::uint64_t mount_id, std::uint64_t first_choice) const;
    Executable executable(const ProcDir& directory);

    std::map<std::uint64_t, View> views_; // by inode of the mount namespace
};

} // namespace ringwall::loader
