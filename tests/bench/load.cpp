#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace ringwall::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int port = 5000;
constexpr std::size_t message = 64;
constexpr int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

void must(bool ok, const char* what) {
    if (!ok)
        throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

void settle(const Site& site, const std::string& net) {
    std::ofstream procs(site.cgroup + "/cgroup.procs");
    procs << getpid() << std::flush;
    must(bool(procs), "join cgroup");
    const int ns = open(net.c_str(), O_RDONLY | O_CLOEXEC);
    must(ns >= 0 && setns(ns, CLONE_NEWNET) == 0, "setns");
    close(ns);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(site.cpu, &cpus);
    must(sched_setaffinity(0, sizeof cpus, &cpus) == 0, "pin to one core");
}

sockaddr_in address(const Site& site) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    inet_pton(AF_INET, site.server_address.c_str(), &out.sin_addr);
    return out;
}

bool transfer(int s, auto call) {
    char buffer[message];
    for (std::size_t done = 0; done < message;) {
        const ssize_t n = call(s, buffer + done, message - done);
        if (n <= 0)
            return false;
        done += n;
    }
    return true;
}

bool receive(int s) {
    return transfer(s, [](int f, void* b, size_t n) { return read(f, b, n); });
}
bool send(int s) {
    return transfer(s, [](int f, void* b, size_t n) { return ::send(f, b, n, MSG_NOSIGNAL); });
}

void no_delay(int s) {
    const int yes = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// Answers each message until its peer closes, then takes the next connection; for ever.
void serve(const Site& site, int ready) {
    settle(site, site.server_net);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0, "socket");
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto own = address(site);
    must(bind(listener, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0, "bind");
    must(listen(listener, 128) == 0, "listen");
    must(write(ready, "r", 1) == 1, "ready");
    for (;;) {
        const int s = accept(listener, nullptr, nullptr);
        must(s >= 0, "accept");
        no_delay(s);
        while (receive(s) && send(s)) {
        }
        close(s);
    }
}

int connected(const Site& site) {
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(s >= 0, "socket");
    const auto to = address(site);
    must(connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
    no_delay(s);
    return s;
}

// Closed by reset, so that ports never run out and no TIME_WAIT piles up.
void connect_request_close(const Site& site) {
    const int s = connected(site);
    const linger hard{1, 0};
    setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    must(send(s) && receive(s), "request");
    close(s);
}

double measure(std::chrono::milliseconds length, const std::function<void()>& once) {
    const auto batch = [&](std::chrono::nanoseconds time) {
        const auto began = Clock::now();
        std::size_t count = 0;
        while (Clock::now() - began < time)
            for (int i = 0; i < 16; ++i, ++count)
                once();
        return static_cast<double>(count) /
               std::chrono::duration<double>(Clock::now() - began).count();
    };
    batch(length / 5);
    return batch(length);
}

double drive(Load load, const Site& site, std::chrono::milliseconds length) {
    settle(site, site.client_net);
    if (load == Load::connect_request_close)
        return measure(length, [&] { connect_request_close(site); });
    const int s = connected(site);
    return measure(length, [&] { must(send(s) && receive(s), "request"); });
}

// Runs `work` in a child and keeps what it says on standard error.
int child(const std::function<void()>& work) {
    const int pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int stopping : stop_signals)
        signal(stopping, SIG_DFL);
    try {
        work();
        _exit(0);
    } catch (const std::exception& error) {
        dprintf(2, "load: %s\n", error.what());
        _exit(1);
    }
}

// A signal handler has no context.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> stop{false};

} // namespace

void stop_on_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { stop = true; };
    action.sa_flags = SA_RESTART;
    for (const int stopping : stop_signals)
        sigaction(stopping, &action, nullptr);
}

bool interrupted() {
    return stop;
}

const char* name(Load load) {
    return load == Load::connect_request_close ? "tcp-connect-request-close"
                                               : "tcp-request-response";
}

double run(Load load, const Site& site, std::chrono::milliseconds length) {
    if (interrupted())
        throw std::runtime_error("interrupted; what was made is removed");
    int ready[2], result[2];
    must(pipe2(ready, O_CLOEXEC) == 0 && pipe2(result, O_CLOEXEC) == 0, "pipe");
    const int server = child([&] { serve(site, ready[1]); });
    close(ready[1]);
    char c = 0;
    const bool up = read(ready[0], &c, 1) == 1;
    close(ready[0]);
    double rate = 0;
    int status = 1;
    if (up) {
        const int client = child([&] {
            const double measured = drive(load, site, length);
            must(write(result[1], &measured, sizeof measured) == sizeof measured, "result");
        });
        close(result[1]);
        if (read(result[0], &rate, sizeof rate) != sizeof rate)
            rate = 0;
        waitpid(client, &status, 0);
    }
    close(result[0]);
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    if (!up || status != 0 || rate <= 0)
        throw std::runtime_error(std::string("the load ") + name(load) + " failed in " +
                                 site.cgroup);
    return rate;
}

} // namespace ringwall::bench
