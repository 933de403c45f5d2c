#include "loader/process.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "bpf/abi.h"

namespace ringwall::loader {
namespace {

constexpr int path_steps = RW_PATH_STEPS; // of rw_walk_path, bpf/process.h
constexpr std::string_view deleted_mark = " (deleted)";

std::vector<std::uint32_t> numbers_after(const std::string& status, const std::string& name) {
    std::vector<std::uint32_t> out;
    const auto at = status.find("\n" + name + ":");
    if (at == std::string::npos)
        return out;
    const auto from = at + name.size() + 2;
    std::istringstream line(status.substr(from, status.find('\n', from) - from));
    for (std::uint32_t value = 0; line >> value;)
        out.push_back(value);
    return out;
}

bool same_file(const struct statx& a, const struct statx& b) {
    return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
           a.stx_dev_minor == b.stx_dev_minor;
}

bool is_chrooted(const ProcDir& directory) {
    return directory.link("root") != "/";
}

// procfs marks a removed file, but a file may also be called that.
bool take_deleted_mark(const ProcDir& directory, const struct statx& exe, std::string& path) {
    struct statx named{};
    if (!path.ends_with(deleted_mark))
        return false;
    if (!is_chrooted(directory) && directory.status("root" + path, named) && same_file(exe, named))
        return false;
    path.resize(path.size() - deleted_mark.size());
    return true;
}

std::uint32_t owner_of_namespace(const Fd& ns) {
    const Fd user_ns(ns ? ioctl(ns.get(), NS_GET_USERNS) : -1);
    return user_ns ? static_cast<std::uint32_t>(inode_of(user_ns.get())) : 0;
}

} // namespace

bool is_walkable(const std::string& path) {
    return path.size() <= RW_PATH_BYTES && std::count(path.begin(), path.end(), '/') < path_steps;
}

ProcessReader::ProcessReader() {
    if (const auto own = ProcDir::open(getpid()))
        add_view(*own);
}

void ProcessReader::add_view(const ProcDir& directory) {
    const auto id = directory.inode("ns/mnt");
    if (id == 0 || views_.contains(id) || is_chrooted(directory))
        return;
    View view;
    struct statx root{};
    view.mounts = parse_mounts(directory.read("mountinfo"));
    view.user_ns = owner_of_namespace(directory.open_file("ns/mnt", O_RDONLY));
    if (directory.status("root/", root)) {
        view.root_mount = root.stx_mnt_id;
        view.root_inode = root.stx_ino;
    }
    views_.emplace(id, std::move(view));
}

ProcessReader::Place ProcessReader::find(std::uint64_t mount_id, std::uint64_t first_choice) const {
    if (const auto own = views_.find(first_choice); own != views_.end())
        if (const auto* root = root_of(own->second.mounts, mount_id))
            return {&own->second, root};
    for (const auto& [id, view] : views_)
        if (const auto* root = root_of(view.mounts, mount_id))
            return {&view, root};
    return {nullptr, nullptr};
}

Executable ProcessReader::executable(const ProcDir& directory) {
    Executable exe;
    struct statx file{}, again{};
    if (!directory.status("exe", file))
        return exe;
    std::string path = directory.link("exe");
    if (!directory.status("exe", again) || !same_file(file, again) ||
        file.stx_mnt_id != again.stx_mnt_id || !path.starts_with('/'))
        return exe; // it starts another program just now
    add_view(directory);
    const auto [view, root] = find(file.stx_mnt_id, directory.inode("ns/mnt"));
    if (!view) {
        exe.flags = path.starts_with("/memfd:") ? RW_OWNER_MEMFD : 0;
        return exe;
    }
    exe.mount_user_ns = view->user_ns;
    if (take_deleted_mark(directory, file, path))
        exe.flags |= RW_OWNER_DELETED;
    if (!is_walkable(path)) {
        exe.flags |= RW_OWNER_TOO_LONG;
        return exe;
    }
    const bool whole = root->second.root == "/";
    if (!whole && root->first != view->root_mount)
        return exe; // its root is covered by another mount: no way to see the inode
    exe.root_dev = root->second.device;
    exe.root_ino = whole ? 0 : view->root_inode;
    exe.file = {file.stx_ino, view->mounts.at(file.stx_mnt_id).device,
                static_cast<std::uint64_t>(file.stx_ctime.tv_sec) * 1'000'000'000 +
                    file.stx_ctime.tv_nsec};
    exe.flags |= RW_OWNER_PATH;
    exe.path = std::move(path);
    return exe;
}

std::optional<Process> ProcessReader::read(const ProcDir& directory) {
    Process process;
    const auto started = directory.start_ns();
    const auto status = directory.read("status");
    const auto uids = numbers_after(status, "Uid"), gids = numbers_after(status, "Gid");
    if (!started || uids.empty() || gids.empty())
        return std::nullopt;
    process.pid = directory.pid();
    process.start_ns = *started;
    process.uid = uids.front();
    process.gid = gids.front();
    process.groups = numbers_after(status, "Groups");
    process.user_ns = static_cast<std::uint32_t>(directory.inode("ns/user"));
    process.exe = executable(directory);
    return process;
}

} // namespace ringwall::loader
