// A small network program with an honest answer in one word: answered, refused (reset or ICMP
// error), not-permitted (EPERM, at once), timeout, or the name of another errno.
//
//   vm_probe tcp FROM TO PORT [FROM_PORT]   connect, send a line, read the echo
//   vm_probe udp FROM TO PORT               connected UDP
//   vm_probe ping FROM TO                   ICMP or ICMPv6 echo
//   vm_probe serve ADDRESS PORT             TCP echo until killed; says "ready"
//   vm_probe talk FROM TO PORT              stdin to the peer, its answers to stdout, then "ended
//   WHY" vm_probe await FILE SECONDS TEXT...     waits for a line with all TEXTs and prints it
//
// FROM may be "-": any address.
#include <netdb.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr timeval patience{.tv_sec = 2, .tv_usec = 0};
constexpr auto at_once = 500ms; // half of what the first retransmission takes

struct Free {
    void operator()(addrinfo* address) const { freeaddrinfo(address); }
};
using Place = std::unique_ptr<addrinfo, Free>;

Place place(const std::string& address, const std::string& port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (const int error = getaddrinfo(address.c_str(), port.c_str(), &hints, &found)) {
        std::cerr << address << " port " << port << ": " << gai_strerror(error) << '\n';
        _exit(2);
    }
    return Place(found);
}

[[noreturn]] void fail(const char* what) {
    std::cerr << what << ": " << std::strerror(errno) << '\n';
    _exit(2);
}

int open_socket(const addrinfo& to, int type, int protocol, const std::string& from,
                const std::string& from_port = "0") {
    const int fd = socket(to.ai_family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        fail("socket");
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); // connect() too
    if (from == "-")
        return fd;
    const auto local = place(from, from_port);
    if (bind(fd, local->ai_addr, local->ai_addrlen) < 0)
        fail("bind");
    return fd;
}

// 0 or an errno.
int exchange(int fd, const addrinfo& to, std::string_view message) {
    std::array<char, 512> answer;
    if (connect(fd, to.ai_addr, to.ai_addrlen) < 0)
        return errno;
    if (send(fd, message.data(), message.size(), MSG_NOSIGNAL) < 0)
        return errno;
    const auto got = recv(fd, answer.data(), answer.size(), 0);
    return got < 0 ? errno : got == 0 ? ECONNRESET : 0;
}

std::string word(int error, Clock::duration took) {
    switch (error) {
    case 0:
        return "answered";
    case EAGAIN:
    case EINPROGRESS:
        return "timeout";
    case ECONNREFUSED:
        return "refused";
    case EPERM:
        return took < at_once ? "not-permitted" : "not-permitted-late";
    default:
        return strerrorname_np(error);
    }
}

int attempt(int fd, const addrinfo& to, std::string_view message) {
    const auto start = Clock::now();
    const int error = exchange(fd, to, message);
    std::cout << word(error, Clock::now() - start) << std::endl;
    return 0;
}

int tcp(const Words& w) {
    const auto to = place(w.at(1), w.at(2));
    const int fd = open_socket(*to, SOCK_STREAM, 0, w.at(0), w.size() > 3 ? w[3] : "0");
    return attempt(fd, *to, "hello\n");
}

int udp(const Words& w) {
    const auto to = place(w.at(1), w.at(2));
    return attempt(open_socket(*to, SOCK_DGRAM, 0, w.at(0)), *to, "hello\n");
}

int ping(const Words& w) {
    const auto to = place(w.at(1), "0");
    const bool v6 = to->ai_family == AF_INET6;
    const int fd = open_socket(*to, SOCK_DGRAM, v6 ? int{IPPROTO_ICMPV6} : IPPROTO_ICMP, w.at(0));
    const std::array<char, 8> echo{static_cast<char>(v6 ? 128 : 8)}; // the kernel fills the rest
    return attempt(fd, *to, {echo.data(), echo.size()});
}

void echo(int fd) {
    std::array<char, 512> data;
    ssize_t got = 0;
    while ((got = recv(fd, data.data(), data.size(), 0)) > 0)
        if (send(fd, data.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0)
            break;
    close(fd);
}

int serve(const Words& w) {
    const auto at = place(w.at(0), w.at(1));
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, 16) < 0)
        fail("serve");
    std::cout << "ready" << std::endl;
    for (;;)
        if (const int connection = accept(fd, nullptr, nullptr); connection >= 0)
            std::thread(echo, connection).detach();
}

// Copies what waits on one end to the other: 1, 0 at the end, or -1.
int relay(int from, int to) {
    std::array<char, 512> data;
    const auto got = read(from, data.data(), data.size());
    if (got <= 0)
        return static_cast<int>(got);
    return write(to, data.data(), static_cast<std::size_t>(got)) == got ? 1 : -1;
}

int talk(const Words& w) {
    const auto to = place(w.at(1), w.at(2));
    const int fd = open_socket(*to, SOCK_STREAM, 0, w.at(0));
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
        fail("connect");
    std::cout << "open" << std::endl;
    int more = 1;
    while (more > 0) {
        std::array<pollfd, 2> waiting{{{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
        poll(waiting.data(), waiting.size(), -1);
        if (waiting[0].revents)
            more = relay(fd, STDOUT_FILENO);
        else if (waiting[1].revents)
            more = relay(STDIN_FILENO, fd);
    }
    std::cout << "ended " << (more < 0 ? strerrorname_np(errno) : "closed") << std::endl;
    return 0;
}

std::string line_with(const std::string& file, const Words& texts) {
    std::ifstream in(file);
    std::string line;
    while (std::getline(in, line))
        if (std::ranges::all_of(texts, [&](const auto& text) { return line.contains(text); }))
            return line;
    return {};
}

int await(const Words& w) {
    const auto& file = w.at(0);
    const Words texts(w.begin() + 2, w.end());
    const auto end = Clock::now() + std::chrono::seconds(std::stoi(w.at(1)));
    const int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inotify_add_watch(changes, file.c_str(), IN_MODIFY) < 0)
        fail(file.c_str());
    for (;;) {
        if (const auto line = line_with(file, texts); !line.empty()) {
            std::cout << line << std::endl;
            return 0;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        pollfd waiting{changes, POLLIN, 0};
        if (left <= 0ms || poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
            return 1;
        std::array<char, 4096> read_away;
        while (read(changes, read_away.data(), read_away.size()) > 0) {
        }
    }
}

struct Command {
    const char* name;
    int (*run)(const Words&);
};
constexpr std::array commands{Command{"tcp", tcp},   Command{"udp", udp},
                              Command{"ping", ping}, Command{"serve", serve},
                              Command{"talk", talk}, Command{"await", await}};

} // namespace

int main(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "";
    for (const auto& command : commands)
        if (name == command.name)
            return command.run(Words(argv + 2, argv + argc));
    std::cerr << "Usage: vm_probe tcp|udp|ping|serve|talk|await ...\n";
    return 2;
}
