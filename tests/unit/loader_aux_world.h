// Real processes, sockets, cgroups and namespaces for the tests, gone with the value that made
// them.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loader/handle.h"

namespace ringwall::loader::test {

// An empty directory.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::string path;
};

// A cgroup below the root of the v2 tree.
class TestCgroup {
  public:
    TestCgroup();
    ~TestCgroup();
    TestCgroup(const TestCgroup&) = delete;
    TestCgroup& operator=(const TestCgroup&) = delete;
    std::string path;
    std::string unit; // as a selector names it
    std::uint64_t id = 0;
};

// A process that runs `body` until it ends or is killed with this value. When the constructor
// returns, `body` has called ready() or executed another program.
class Child {
  public:
    explicit Child(const std::function<void(const std::function<void()>& ready)>& body);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    pid_t pid = -1;
    void end(); // killed and gone when it returns
};

// Moves the calling process.
void enter_cgroup(const std::string& directory);

// The holder program (loader_aux_holder.cpp) in a cgroup, with a socket that is older than anything
// the test does next. `setup` runs in the new process just before the program starts.
class Holder {
  public:
    Holder(
        const TestCgroup& cgroup, std::string program, std::vector<std::string> arguments = {},
        const std::function<void()>& setup = [] {});
    pid_t pid() const { return child_->pid; }
    Fd socket(); // the one said last, duplicated
    Fd bind_another();
    static std::string program(); // where the build put it

  private:
    void listen_to_it();
    Fd to_, from_;
    int last_ = -1;
    std::unique_ptr<Child> child_;
};

// A network namespace of its own with loopback up.
class TestNetns {
  public:
    TestNetns();
    void inside(const std::function<void()>& work) const; // on another thread
    Fd fd;
};

Fd duplicate_from(pid_t pid, int descriptor);
void loopback_up();

struct Pair {
    Fd listener, client, accepted;
};
// Over loopback: AF_INET, AF_INET6, or AF_INET6 with v4-mapped addresses.
enum class Kind { v4, v6, mapped };
Pair tcp_pair(Kind kind, const char* interface = nullptr);
Fd udp_socket(Kind kind);
void connect_to(const Fd& socket, const Fd& other);
sockaddr_in6 name_of(const Fd& socket); // v4 as v4-mapped
std::uint64_t cookie_of(const Fd& socket);

} // namespace ringwall::loader::test
