#include "loader/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <memory>
#include <sstream>
#include <string_view>

#include "loader/failure.h"

namespace ringwall::loader {
namespace {

struct DirCloser {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirCloser>;

std::optional<int> number(std::string_view name) {
    int value = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    if (error != std::errc{} || end != name.data() + name.size())
        return std::nullopt;
    return value;
}

std::string link_at(int directory, const std::string& name) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = readlinkat(directory, name.c_str(), text.data(), text.size());
    return size <= 0 ? std::string{} : std::string(text.data(), static_cast<std::size_t>(size));
}

// "socket:[12345]" -> 12345
std::optional<std::uint64_t> socket_inode(std::string_view link) {
    constexpr std::string_view prefix = "socket:[";
    if (!link.starts_with(prefix) || !link.ends_with(']'))
        return std::nullopt;
    std::uint64_t inode = 0;
    const auto [end, error] =
        std::from_chars(link.data() + prefix.size(), link.data() + link.size() - 1, inode);
    return error == std::errc{} ? std::optional(inode) : std::nullopt;
}

// glibc has wrappers without C linkage for C++ in 2.36.
Fd open_process(pid_t pid) {
    return Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

Fd take_descriptor(const Fd& process, int descriptor) {
    return Fd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
}

std::unexpected<Error> unreadable(pid_t pid, int error) {
    return system_failure("the sockets of process " + std::to_string(pid) + " cannot be looked at",
                          error, "CAP_SYS_PTRACE is needed, and Yama's ptrace_scope below 3");
}

} // namespace

std::string read_text(int directory, const std::string& name) {
    const Fd file(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 16384> piece{};
    if (!file)
        return text;
    for (;;) {
        const ssize_t size = ::read(file.get(), piece.data(), piece.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return text;
        text.append(piece.data(), static_cast<std::size_t>(size));
    }
}

std::uint64_t inode_of(int descriptor) {
    struct stat info{};
    return fstat(descriptor, &info) == 0 ? info.st_ino : 0;
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> pids;
    const Directory proc(opendir("/proc"));
    while (const dirent* entry = proc ? readdir(proc.get()) : nullptr)
        if (const auto pid = number(entry->d_name))
            pids.push_back(*pid);
    return pids;
}

std::optional<ProcDir> ProcDir::open(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid);
    Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return std::nullopt;
    return ProcDir(pid, std::move(directory));
}

std::string ProcDir::link(const std::string& name) const {
    return link_at(directory_.get(), name);
}

bool ProcDir::status(const std::string& name, struct statx& out) const {
    return statx(directory_.get(), name.c_str(), 0,
                 STATX_INO | STATX_CTIME | STATX_NLINK | STATX_MNT_ID, &out) == 0;
}

std::uint64_t ProcDir::inode(const std::string& name) const {
    struct stat info{};
    return fstatat(directory_.get(), name.c_str(), &info, 0) == 0 ? info.st_ino : 0;
}

Fd ProcDir::open_file(const std::string& name, int flags) const {
    return Fd(openat(directory_.get(), name.c_str(), flags | O_CLOEXEC));
}

// Field 22 of /proc/PID/stat; the second one, in parentheses, may contain anything.
std::optional<std::uint64_t> ProcDir::start_ns() const {
    const std::string stat = read("stat");
    const auto name_end = stat.rfind(") ");
    if (name_end == std::string::npos)
        return std::nullopt;
    std::istringstream fields(stat.substr(name_end + 2));
    std::string skipped;
    for (int field = 3; field < 22; ++field)
        fields >> skipped;
    std::uint64_t ticks = 0;
    if (!(fields >> ticks))
        return std::nullopt;
    return ticks * (1'000'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
}

Result<void> ProcDir::each_socket(const std::function<bool(std::uint64_t)>& wanted,
                                  const std::function<bool(std::uint64_t, int)>& visit) const {
    const Fd process = open_process(pid_);
    if (!process || !alive()) // asked after opening: the number still meant this process
        return {};
    Fd table = open_file("fd", O_RDONLY | O_DIRECTORY);
    const int reason = errno;
    const int descriptor = table ? dup(table.get()) : -1;
    const Directory listing(descriptor >= 0 ? fdopendir(descriptor) : nullptr);
    if (!listing)
        return alive() ? Result<void>(unreadable(pid_, reason)) : Result<void>{};
    while (const dirent* entry = readdir(listing.get())) {
        const auto number_in_table = number(entry->d_name);
        const auto inode =
            number_in_table ? socket_inode(link_at(table.get(), entry->d_name)) : std::nullopt;
        if (!inode || !wanted(*inode))
            continue;
        const Fd socket = take_descriptor(process, *number_in_table);
        if (!socket && errno == EPERM)
            return unreadable(pid_, EPERM);
        if (socket && !visit(*inode, socket.get()))
            return {};
    }
    return {};
}

} // namespace ringwall::loader
