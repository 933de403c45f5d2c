#include "loader_aux_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "loader/datapath.h"

namespace ringwall::loader::test {
namespace {

namespace fs = std::filesystem;

void must(bool done, const char* what) {
    if (!done)
        throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

Fd open_socket(Kind kind, int type) {
    Fd fd(socket(kind == Kind::v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
    must(bool(fd), "socket");
    return fd;
}

void bind_to_loopback(const Fd& socket, Kind kind) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    must(inet_pton(AF_INET6, kind == Kind::v6 ? "::1" : "::ffff:127.0.0.1", &v6.sin6_addr),
         "address");
    const auto* name = kind == Kind::v4 ? reinterpret_cast<const sockaddr*>(&v4)
                                        : reinterpret_cast<const sockaddr*>(&v6);
    must(bind(socket.get(), name, kind == Kind::v4 ? sizeof v4 : sizeof v6) == 0, "bind");
}

} // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "rw-aux-XXXXXX").string();
    must(mkdtemp(name.data()) != nullptr, "mkdtemp");
    must(chmod(name.c_str(), 0755) == 0, "chmod");
    path = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

TestCgroup::TestCgroup() {
    static int count = 0;
    unit = "/rw-aux-" + std::to_string(getpid()) + "-" + std::to_string(++count);
    path = cgroup2_mount().value() + unit;
    must(mkdir(path.c_str(), 0755) == 0, "mkdir of a cgroup");
    id = cgroup_id(path).value();
}

TestCgroup::~TestCgroup() {
    rmdir(path.c_str());
}

Child::Child(const std::function<void(const std::function<void()>&)>& body) {
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    const Fd told(ends[0]);
    {
        const Fd tell(ends[1]);
        pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            body([&] { must(write(tell.get(), "r", 1) == 1, "write"); });
            _exit(0);
        }
    }
    char ready = 0;
    must(read(told.get(), &ready, 1) >= 0, "read"); // a byte, or the end when it executes
}

Child::~Child() {
    end();
}

void Child::end() {
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    pid = -1;
}

void enter_cgroup(const std::string& directory) {
    std::ofstream(directory + "/cgroup.procs") << 0 << std::flush;
}

std::string Holder::program() {
    return RINGWALL_TEST_HOLDER;
}

Holder::Holder(const TestCgroup& cgroup, std::string program, std::vector<std::string> arguments,
               const std::function<void()>& setup) {
    int to[2], from[2];
    must(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipe");
    Fd in(to[0]), out(from[1]);
    to_ = Fd(to[1]);
    from_ = Fd(from[0]);
    child_ = std::make_unique<Child>([&](const auto&) {
        dup2(in.get(), STDIN_FILENO);
        dup2(out.get(), STDOUT_FILENO);
        enter_cgroup(cgroup.path);
        setup();
        std::vector<char*> words{program.data()};
        for (auto& argument : arguments)
            words.push_back(argument.data());
        words.push_back(nullptr);
        execv(program.c_str(), words.data());
        _exit(127);
    });
    out = Fd(); // so that the end of the program is the end of what it says
    listen_to_it();
}

void Holder::listen_to_it() {
    char text[16] = {};
    must(read(from_.get(), text, sizeof text - 1) > 0, "the holder did not start");
    last_ = std::atoi(text);
    must(last_ >= 0, "the holder has no socket");
}

Fd Holder::socket() {
    return duplicate_from(pid(), last_);
}

Fd Holder::bind_another() {
    must(write(to_.get(), "\n", 1) == 1, "write");
    listen_to_it();
    return socket();
}

TestNetns::TestNetns() {
    std::jthread([this] {
        must(unshare(CLONE_NEWNET) == 0, "unshare");
        loopback_up();
        fd = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }).join();
    must(bool(fd), "open namespace");
}

void TestNetns::inside(const std::function<void()>& work) const {
    std::jthread([&] {
        must(setns(fd.get(), CLONE_NEWNET) == 0, "setns");
        work();
    }).join();
}

void loopback_up() {
    const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    must(ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0, "loopback up");
}

Fd duplicate_from(pid_t pid, int descriptor) {
    const Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    Fd fd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
    must(bool(fd), "pidfd_getfd");
    return fd;
}

Pair tcp_pair(Kind kind, const char* interface) {
    Pair pair{open_socket(kind, SOCK_STREAM), open_socket(kind, SOCK_STREAM), Fd()};
    if (interface)
        for (const Fd* fd : {&pair.listener, &pair.client})
            must(setsockopt(fd->get(), SOL_SOCKET, SO_BINDTODEVICE, interface,
                            std::strlen(interface)) == 0,
                 "bind to device");
    bind_to_loopback(pair.listener, kind);
    must(listen(pair.listener.get(), 8) == 0, "listen");
    connect_to(pair.client, pair.listener);
    pair.accepted = Fd(accept4(pair.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    must(bool(pair.accepted), "accept");
    return pair;
}

Fd udp_socket(Kind kind) {
    Fd fd = open_socket(kind, SOCK_DGRAM);
    bind_to_loopback(fd, kind);
    return fd;
}

void connect_to(const Fd& socket, const Fd& other) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    must(getsockname(other.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0, "getsockname");
    must(connect(socket.get(), reinterpret_cast<sockaddr*>(&name), size) == 0, "connect");
}

sockaddr_in6 name_of(const Fd& socket) {
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    must(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0, "getsockname");
    if (name.sin6_family == AF_INET6)
        return name;
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    sockaddr_in6 mapped{};
    mapped.sin6_port = v4.sin_port;
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(&mapped.sin6_addr.s6_addr[12], &v4.sin_addr, 4);
    return mapped;
}

std::uint64_t cookie_of(const Fd& socket) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    must(getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0, "SO_COOKIE");
    return cookie;
}

} // namespace ringwall::loader::test
