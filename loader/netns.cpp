#include "loader/netns.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include "loader/failure.h"
#include "loader/proc.h"

namespace ringwall::loader {
namespace {

constexpr const char* own_netns = "/proc/thread-self/ns/net";

Result<void> enter_and_work(int netns, const std::function<Result<void>()>& work) {
    if (setns(netns, CLONE_NEWNET) != 0)
        return system_failure("cannot enter a network namespace", errno, "CAP_SYS_ADMIN is needed");
    return work();
}

// Listeners come first in these files, so the connections after them are never read.
void add_listeners(const char* path, std::set<std::uint16_t>& ports) {
    constexpr unsigned listen_state = 0x0a;
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        unsigned port = 0, state = 0;
        if (std::sscanf(line.c_str(), "%*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port,
                        &state) != 2 ||
            state != listen_state)
            return;
        ports.insert(static_cast<std::uint16_t>(port));
    }
}

} // namespace

Fd netns_of_process(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
    return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

Fd netns_of_socket(int socket) {
    return Fd(ioctl(socket, SIOCGSKNS));
}

std::uint64_t netns_cookie(int socket) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

Result<void> in_netns(int netns, const std::function<Result<void>()>& work) {
    const Fd own(open(own_netns, O_RDONLY | O_CLOEXEC));
    if (own && inode_of(own.get()) == inode_of(netns))
        return work();
    Result<void> result;
    try {
        std::jthread([&] { result = enter_and_work(netns, work); }).join();
    } catch (const std::system_error& error) {
        return system_failure("cannot start a thread", error.code().value(),
                              "raise the limit of tasks");
    }
    return result;
}

void each_netns(const std::function<bool(int)>& visit) {
    std::set<std::uint64_t> seen;
    for (const pid_t pid : all_processes()) {
        const Fd netns = netns_of_process(pid);
        if (netns && seen.insert(inode_of(netns.get())).second && !visit(netns.get()))
            return;
    }
}

Result<std::set<std::uint16_t>> listening_ports(int netns) {
    std::set<std::uint16_t> ports;
    const auto done = in_netns(netns, [&]() -> Result<void> {
        add_listeners("/proc/thread-self/net/tcp", ports);
        add_listeners("/proc/thread-self/net/tcp6", ports);
        return {};
    });
    if (!done)
        return std::unexpected(done.error());
    return ports;
}

} // namespace ringwall::loader
