// The two file systems the datapath stands on: the cgroup v2 tree and bpffs.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <filesystem>

#include "loader/failure.h"
#include "loader/mounts.h"
#include "loader/proc.h"

namespace ringwall::loader {
namespace {

namespace fs = std::filesystem;

bool is_of_type(const std::string& directory, std::uint32_t magic) {
    struct statfs info{};
    return statfs(directory.c_str(), &info) == 0 &&
           static_cast<std::uint32_t>(info.f_type) == magic;
}

std::string tree_place() {
    const auto mount = cgroup2_mount();
    return mount ? "the tree is mounted at " + *mount : mount.error().message;
}

Result<void> make_directory(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
        return system_failure("cannot make the directory " + directory, error.value());
    return {};
}

} // namespace

Result<std::string> cgroup2_mount() {
    std::string part; // where only a part of the tree is mounted, as in a container
    for (const auto& [id, mount] : parse_mounts(read_text(AT_FDCWD, "/proc/self/mountinfo"))) {
        if (mount.type != "cgroup2" || !is_of_type(mount.point, CGROUP2_SUPER_MAGIC))
            continue; // another mount may hide it
        if (mount.root == "/")
            return mount.point;
        if (part.empty())
            part = mount.point;
    }
    if (!part.empty())
        return part;
    return failure(
        Errc::unsupported,
        "no cgroup v2 tree is mounted here; boot with systemd.unified_cgroup_hierarchy=1 "
        "or mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}

Result<std::uint64_t> cgroup_id(const std::string& directory) {
    struct stat info{};
    if (stat(directory.c_str(), &info) != 0)
        return system_failure("cannot find the cgroup " + directory, errno, tree_place());
    if (!S_ISDIR(info.st_mode) || !is_of_type(directory, CGROUP2_SUPER_MAGIC))
        return failure(Errc::unsupported,
                       directory + " is not a directory of the cgroup v2 tree; " + tree_place());
    return info.st_ino;
}

Result<void> ensure_bpffs(const std::string& directory) {
    if (is_of_type(directory, BPF_FS_MAGIC))
        return {};
    if (auto made = make_directory(directory); !made || is_of_type(directory, BPF_FS_MAGIC))
        return made; // a directory on a bpffs mounted above
    std::error_code error;
    if (!fs::is_empty(directory, error) || error)
        return failure(Errc::io, directory +
                                     " is not bpffs and holds other files; name an empty or "
                                     "new directory, or one on a mounted bpffs");
    if (mount("bpf", directory.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") !=
        0) {
        const int reason = errno;
        if (reason == ENODEV)
            return failure(Errc::unsupported, "this kernel has no bpffs (CONFIG_BPF_SYSCALL)");
        return system_failure("cannot mount bpffs at " + directory, reason,
                              "mount it beforehand: mount -t bpf bpf " + directory +
                                  ", or give the agent CAP_SYS_ADMIN");
    }
    return {};
}

} // namespace ringwall::loader
