#include "loader/backfill.h"

#include <bpf/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>

#include "bpf/abi.h"
#include "loader/failure.h"
#include "loader/netns.h"

namespace ringwall::loader {
namespace {

namespace fs = std::filesystem;

struct Cgroup {
    std::uint64_t id = 0;
    std::string unit; // path from the v2 root; empty where the root cannot be seen from here
};

struct Member {
    pid_t pid = 0;
    std::uint64_t start_ns = 0;
    bool manager = false; // systemd
    const Cgroup* cgroup = nullptr;
};

std::uint64_t inode(const fs::path& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

// From the root of the v2 tree, whose inode is always 1. A cgroup namespace may hide it.
std::string unit_of(const fs::path& directory) {
    std::string unit;
    for (fs::path at = directory;; at = at.parent_path()) {
        const auto id = cgroup_id(at);
        if (!id)
            return {}; // left the tree
        if (*id == 1)
            return unit.empty() ? "/" : unit;
        unit = "/" + at.filename().string() + unit;
    }
}

template <typename T>
std::optional<T> option(int socket, int name) {
    T value{};
    socklen_t size = sizeof value;
    if (getsockopt(socket, SOL_SOCKET, name, &value, &size) != 0)
        return std::nullopt;
    return value;
}

bool is_inet(int socket) {
    const auto domain = option<int>(socket, SO_DOMAIN);
    return domain == AF_INET || domain == AF_INET6;
}

bool is_connected(int socket) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    return getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

std::uint16_t local_port(int socket) {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0)
        return 0;
    return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(own).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(own).sin_port);
}

class Backfill {
  public:
    explicit Backfill(const BackfillContext& context) : context_(context) {}
    Result<std::size_t> run();

  private:
    void collect_cgroups(const fs::path& directory, const std::string& unit);
    void collect_members(const fs::path& directory, const Cgroup& cgroup);
    void take_sockets(const Member& member);
    rw_principal principal_of(const Process& process, const Member& member) const;
    std::optional<rw_owner> owner_of(const ProcDir& directory, const Member& member);
    std::uint8_t direction_of(int socket, std::uint64_t netns);
    const std::optional<std::set<std::uint16_t>>& listeners_of(int socket, std::uint64_t netns);
    bool is_young(int socket) const;
    void write(int socket, const rw_owner& owner);
    void fail(const Error& error);

    const BackfillContext& context_;
    ProcessReader reader_;
    std::map<std::string, Cgroup> cgroups_; // by directory: members point into it
    std::map<pid_t, Member> members_;
    std::unordered_set<std::uint64_t> seen_;                                    // socket inodes
    std::map<std::uint64_t, std::optional<std::set<std::uint16_t>>> listeners_; // by namespace
    std::size_t written_ = 0, known_ = 0;
    std::optional<Error> failure_; // the first one
};

void Backfill::collect_cgroups(const fs::path& directory, const std::string& unit) {
    const Cgroup& cgroup = cgroups_[directory] = {inode(directory), unit};
    collect_members(directory, cgroup);
    std::error_code gone; // a cgroup may be removed at any time
    fs::directory_iterator entry(directory, gone);
    for (; !gone && entry != fs::directory_iterator(); entry.increment(gone)) {
        std::error_code error;
        if (!entry->is_directory(error))
            continue;
        const std::string name = entry->path().filename();
        collect_cgroups(entry->path(), unit.empty() ? "" : (unit == "/" ? "" : unit) + "/" + name);
    }
}

void Backfill::collect_members(const fs::path& directory, const Cgroup& cgroup) {
    std::ifstream procs(directory / "cgroup.procs");
    for (pid_t pid = 0; procs >> pid;) {
        if (pid == 0)
            continue; // of a pid namespace that cannot be seen from here
        const auto process = ProcDir::open(pid);
        const auto start = process ? process->start_ns() : std::nullopt;
        if (!start)
            continue;
        const std::string exe = process->link("exe");
        const bool manager = exe == "/lib/systemd/systemd" || exe == "/usr/lib/systemd/systemd";
        members_.try_emplace(pid, Member{pid, *start, manager, &cgroup});
    }
}

rw_principal Backfill::principal_of(const Process& process, const Member& member) const {
    const Executable& exe = process.exe;
    rw_principal who{};
    who.flags = RW_OWNER_KNOWN | exe.flags;
    who.uid = process.uid;
    who.gid = process.gid;
    who.user_ns = process.user_ns;
    who.cgroup = member.cgroup->id;
    who.mount_user_ns = exe.mount_user_ns;
    if (exe.flags & RW_OWNER_PATH) {
        who.exe = context_.path_id(exe.path);
        who.name = context_.name_id(exe.path.substr(exe.path.rfind('/') + 1));
        who.file = context_.file_id(exe.file);
        who.root_dev = exe.root_dev;
        who.root_ino = exe.root_ino;
        context_.remember_exe(who.exe, exe.path);
    }
    if (const auto& unit = member.cgroup->unit; !unit.empty() && is_walkable(unit)) {
        who.unit = context_.path_id(unit);
        context_.remember_unit(who.unit, unit);
    }
    if (process.groups.size() > RW_GROUPS)
        who.flags |= RW_OWNER_GROUPS;
    else
        who.groups = context_.group_set(process.groups);
    return who;
}

std::optional<rw_owner> Backfill::owner_of(const ProcDir& directory, const Member& member) {
    const auto process = reader_.read(directory);
    if (!process || process->start_ns != member.start_ns)
        return std::nullopt;
    rw_owner owner{};
    owner.principal = context_.remember_principal(principal_of(*process, member));
    owner.flags = RW_OWNER_BACKFILLED | RW_OWNER_KNOWN | process->exe.flags;
    owner.pid = static_cast<std::uint32_t>(process->pid);
    owner.start_time = process->start_ns;
    owner.uid = process->uid;
    return owner;
}

const std::optional<std::set<std::uint16_t>>& Backfill::listeners_of(int socket,
                                                                     std::uint64_t netns) {
    Fd own;
    if (netns == 0) { // an old kernel: the inode tells namespaces apart as well
        own = netns_of_socket(socket);
        netns = own ? inode_of(own.get()) : 0;
    }
    const auto [entry, fresh] = listeners_.try_emplace(netns);
    if (!fresh)
        return entry->second;
    if (!own)
        own = netns_of_socket(socket);
    if (auto ports = own ? listening_ports(own.get()) : system_failure("", EPERM); ports)
        entry->second = std::move(*ports);
    else if (context_.report)
        context_.report("which old connections of a network namespace are inbound is not known, "
                        "they pass where either direction is allowed; CAP_SYS_ADMIN and "
                        "CAP_NET_ADMIN are needed to look");
    return entry->second;
}

std::uint8_t Backfill::direction_of(int socket, std::uint64_t netns) {
    if (option<int>(socket, SO_PROTOCOL) != IPPROTO_TCP)
        return RW_DIR_NONE;
    if (option<int>(socket, SO_ACCEPTCONN).value_or(0))
        return RW_DIR_IN;
    if (!is_connected(socket))
        return RW_DIR_NONE;
    const auto& listeners = listeners_of(socket, netns);
    if (!listeners)
        return RW_DIR_NONE;
    return listeners->contains(local_port(socket)) ? RW_DIR_IN : RW_DIR_OUT;
}

// A connection that the programs saw begin.
bool Backfill::is_young(int socket) const {
    const auto cookie = option<std::uint64_t>(socket, SO_COOKIE).value_or(0);
    const auto index = static_cast<std::uint32_t>(cookie % RW_NURSERY_SLOTS);
    rw_slot slot{};
    return bpf_map_lookup_elem(context_.nursery_map_fd, &index, &slot) == 0 && cookie != 0 &&
           slot.cookie == cookie;
}

void Backfill::write(int socket, const rw_owner& owner) {
    if (is_young(socket)) {
        ++known_;
        return;
    }
    rw_socket value{};
    value.owner = owner;
    value.owner.netns = netns_cookie(socket);
    value.flow.direction = direction_of(socket, value.owner.netns);
    const int error = -bpf_map_update_elem(context_.sockets_map_fd, &socket, &value, BPF_NOEXIST);
    if (error == 0)
        ++written_;
    else if (error == EEXIST) // the kernel knows better
        ++known_;
    else
        fail(system_failure("the owner of a socket of process " + std::to_string(owner.pid) +
                                " cannot be written",
                            error)
                 .error());
}

void Backfill::fail(const Error& error) {
    if (!failure_)
        failure_ = error;
    if (context_.report)
        context_.report(error.message);
}

void Backfill::take_sockets(const Member& member) {
    const auto directory = ProcDir::open(member.pid);
    if (!directory)
        return;
    std::optional<rw_owner> owner; // read for processes with sockets only
    const auto unseen = [&](std::uint64_t inode) { return !seen_.contains(inode); };
    const auto done = directory->each_socket(unseen, [&](std::uint64_t inode, int socket) {
        if (is_inet(socket)) {
            if (!owner)
                owner = owner_of(*directory, member);
            if (!owner)
                return false; // it ended: another holder may be left
            write(socket, *owner);
        }
        seen_.insert(inode);
        return true;
    });
    if (!done)
        fail(done.error());
}

Result<std::size_t> Backfill::run() {
    if (auto id = cgroup_id(context_.cgroup); !id)
        return std::unexpected(id.error());
    const fs::path top = fs::canonical(context_.cgroup);
    collect_cgroups(top, unit_of(top));
    std::vector<Member> order;
    for (const auto& [pid, member] : members_)
        order.push_back(member);
    std::sort(order.begin(), order.end(), [](const Member& a, const Member& b) {
        return std::tuple(a.manager, b.start_ns, b.pid) < std::tuple(b.manager, a.start_ns, a.pid);
    });
    for (const Member& member : order)
        take_sockets(member);
    if (failure_ && written_ + known_ == 0)
        return std::unexpected(*failure_);
    return written_;
}

} // namespace

Result<std::size_t> backfill(const BackfillContext& context) {
    return Backfill(context).run();
}

} // namespace ringwall::loader
