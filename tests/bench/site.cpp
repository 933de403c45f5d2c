#include "tests/bench/site.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "loader/datapath.h"

namespace ringwall::bench {
namespace {

void sh(const std::string& command) {
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error("failed: " + command);
}

void feed(const std::string& command, const std::string& input) {
    FILE* to = popen(command.c_str(), "we");
    const bool written = to && fwrite(input.data(), 1, input.size(), to) == input.size();
    if (!to || pclose(to) != 0 || !written)
        throw std::runtime_error("failed: " + command);
}

int namespace_holder() {
    int ready[2];
    if (pipe(ready))
        throw std::runtime_error("pipe");
    const int pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!write(ready[1], unshare(CLONE_NEWNET) ? "n" : "y", 1);
        for (;;)
            pause();
    }
    char answer = 'n';
    if (read(ready[0], &answer, 1) != 1 || answer != 'y')
        throw std::runtime_error("cannot make a network namespace (root is needed)");
    close(ready[0]);
    close(ready[1]);
    return pid;
}

std::string enter(int pid) {
    return "nsenter -t " + std::to_string(pid) + " -n ";
}
std::string file_of(int pid) {
    return "/proc/" + std::to_string(pid) + "/ns/net";
}

std::string ruleset(int rules) {
    std::string out = "table inet bench {\n";
    for (const char* hook : {"input", "output"}) {
        out += std::string("chain ") + hook + " { type filter hook " + hook +
               " priority 0; policy drop;\n iif lo accept\n ct state established,related accept\n";
        for (int i = 1; i < rules; ++i)
            out += " ip saddr 10.50." + std::to_string(i / 250) + "." +
                   std::to_string(i % 250 + 1) + " tcp dport " + std::to_string(6000 + i) +
                   " accept\n";
        out += " ip saddr 10.98.0.0/24 tcp dport 5000 accept\n}\n";
    }
    return out + "}\n";
}

} // namespace

Wire::Wire() {
    for (int& holder : holders_)
        holder = namespace_holder();
    const std::string a = enter(holders_[0]), b = enter(holders_[1]);
    sh(a + "ip link add rwba type veth peer name rwbb netns " + std::to_string(holders_[1]));
    sh(a + "ip addr add 10.98.0.1/24 dev rwba && " + a + "ip link set rwba up && " + a +
       "ip link set lo up");
    sh(b + "ip addr add 10.98.0.2/24 dev rwbb && " + b + "ip link set rwbb up && " + b +
       "ip link set lo up");
}

Wire::~Wire() {
    for (const int holder : holders_)
        if (holder > 0) {
            kill(holder, SIGKILL);
            waitpid(holder, nullptr, 0);
        }
}

std::string Wire::client() const {
    return file_of(holders_[0]);
}
std::string Wire::server() const {
    return file_of(holders_[1]);
}

void Wire::nftables(int rules) const {
    const std::string commands = ruleset(rules);
    for (const int holder : holders_)
        feed(enter(holder) + "nft -f -", commands);
}

Cgroup::Cgroup(const std::string& name) {
    const auto mount = loader::cgroup2_mount();
    if (!mount)
        throw std::runtime_error(mount.error().message);
    path_ = *mount + "/rw-bench-" + std::to_string(getpid()) + "-" + name;
    if (mkdir(path_.c_str(), 0755))
        throw std::runtime_error("cannot make " + path_);
}

Cgroup::~Cgroup() {
    rmdir(path_.c_str());
}

} // namespace ringwall::bench
