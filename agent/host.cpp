#include "agent/host.h"

#include <ctime>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "agent/files.h"
#include "common/time.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> out;
    while (!line.empty()) {
        const auto space = line.find(' ');
        out.push_back(line.substr(0, space));
        line = space == line.npos ? std::string_view{} : line.substr(space + 1);
    }
    return out;
}

std::optional<std::uint32_t> device_of(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == text.npos)
        return std::nullopt;
    std::uint32_t major = 0, minor = 0;
    std::from_chars(text.data(), text.data() + colon, major);
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), minor);
    return major << 20 | minor;
}

std::uint64_t inode(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) < 0 ? 0 : info.st_ino;
}

std::string slurp(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::int64_t now_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::optional<pid_t> first_pid(const std::string& directory) {
    std::ifstream in(directory + "/cgroup.procs");
    pid_t pid = 0;
    // Pid 0: a process of a pid namespace that cannot be seen from here.
    while (in >> pid)
        if (pid > 0)
            return pid;
    return std::nullopt;
}

} // namespace

std::optional<RootMount> root_mount(std::string_view mountinfo) {
    std::optional<RootMount> found;
    while (!mountinfo.empty()) {
        const auto end = mountinfo.find('\n');
        const auto fields = fields_of(mountinfo.substr(0, end));
        if (fields.size() > 4 && fields[4] == "/")
            if (auto device = device_of(fields[2]))
                found = RootMount{*device, fields[3] == "/"};
        mountinfo = end == mountinfo.npos ? std::string_view{} : mountinfo.substr(end + 1);
    }
    return found;
}

std::optional<loader::Root> root_of_process(pid_t pid) {
    const auto proc = "/proc/" + std::to_string(pid);
    const auto mount = root_mount(slurp(proc + "/mountinfo"));
    const auto user_ns = inode(proc + "/ns/user");
    if (!mount || !user_ns)
        return std::nullopt;
    loader::Root root;
    root.user_ns = static_cast<std::uint32_t>(user_ns);
    root.device = mount->device;
    root.inode = mount->whole ? 0 : inode(proc + "/root/");
    return root;
}

loader::Root own_root() {
    return root_of_process(getpid()).value_or(loader::Root{});
}

std::optional<pid_t> process_in(const std::string& cgroup_directory) {
    if (auto pid = first_pid(cgroup_directory))
        return pid;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(cgroup_directory, error), end;
         !error && entry != end; entry.increment(error))
        if (entry->is_directory(error))
            if (auto pid = first_pid(entry->path()))
                return pid;
    return std::nullopt;
}

std::string user_name(std::uint32_t uid) {
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return std::to_string(uid);
}

std::optional<std::uint32_t> user_id(const std::string& name) {
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_uid;
    return std::nullopt;
}

std::optional<std::uint32_t> group_id(const std::string& name) {
    char buffer[16384];
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->gr_gid;
    return std::nullopt;
}

std::uint64_t monotonic_ns() {
    return static_cast<std::uint64_t>(now_ns(CLOCK_MONOTONIC));
}

std::int64_t wall_ns() {
    return wall_clock_ns();
}

std::chrono::milliseconds boot_time() {
    return std::chrono::milliseconds(now_ns(CLOCK_BOOTTIME) / 1'000'000);
}

std::uint64_t boot_ns() {
    return static_cast<std::uint64_t>(now_ns(CLOCK_BOOTTIME));
}

std::int64_t wall_minus_boot_ns() {
    return static_cast<std::int64_t>(now_ns(CLOCK_REALTIME)) -
           static_cast<std::int64_t>(now_ns(CLOCK_BOOTTIME));
}

std::string boot_id() {
    const auto text = slurp("/proc/sys/kernel/random/boot_id");
    return text.substr(0, text.find('\n'));
}

std::int64_t wall_offset_ns() {
    return now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
}

} // namespace ringwall::agent
