// Who: attribution of real processes, and selectors sure and maybe.
#include <gtest/gtest.h>
#include <linux/memfd.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <fstream>
#include <grp.h>

#include "loader/handle.h"
#include "tests/bpf/lab.h"

namespace ringwall::test {
namespace {

namespace fs = std::filesystem;
using loader::Attribute;
using loader::Fd;
using loader::Mode;
using enum loader::Direction;

std::string own_exe() {
    return fs::read_symlink("/proc/self/exe").string();
}

// Sends one datagram to port 9 of the other end; 0 or errno.
int send_one() {
    const Fd s(socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(0x0a630002);
    return sendto(s.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0 ? errno : 0;
}

class Process : public testing::Test {
  protected:
    Lab& lab = Lab::the();
    void SetUp() override { lab.clear_selectors(); }
    // Selector 0 may send; nobody else.
    void only_selector_zero() {
        lab.policy(Mode::full,
                   {{.direction = outbound, .protocol = 17, .port = 9, .selectors = 1}});
    }
    rw_owner owner() {
        const Fd s(socket(AF_INET, SOCK_STREAM, 0));
        EXPECT_EQ(listen(s.get(), 1), 0);
        return lab.storage(s.get()).owner;
    }
    rw_principal principal() { return lab.principal(owner().principal); }
};

TEST_F(Process, IsKnownByThePathOfItsExecutable) {
    lab.policy(Mode::visibility, {});
    const auto o = owner();
    const auto who = lab.principal(o.principal);
    EXPECT_EQ(who.exe, lab.datapath().path_id(own_exe()));
    EXPECT_EQ(who.name, lab.datapath().name_id(fs::path(own_exe()).filename().string()));
    EXPECT_EQ(lab.datapath().exe(who.exe).path, own_exe());
    EXPECT_EQ(who.uid, getuid());
    EXPECT_EQ(o.pid, static_cast<__u32>(getpid()));
    EXPECT_EQ(o.uid, getuid());
    EXPECT_TRUE(o.flags & RW_OWNER_PATH);
}

TEST_F(Process, IsKnownByItsCgroupPath) {
    lab.policy(Mode::visibility, {});
    const auto who = principal();
    const auto mount = loader::cgroup2_mount().value();
    EXPECT_EQ(lab.datapath().unit(who.unit), lab.cgroup().substr(mount.size()));
    EXPECT_EQ(who.unit, lab.datapath().path_id(lab.cgroup().substr(mount.size())));
}

TEST_F(Process, APathSelectorHoldsForThatPathOnly) {
    lab.selector(0, Attribute::path, lab.datapath().path_id(own_exe()));
    only_selector_zero();
    EXPECT_EQ(send_one(), 0);
    lab.clear_selectors();
    lab.selector(0, Attribute::path, lab.datapath().path_id("/usr/sbin/other"));
    only_selector_zero();
    EXPECT_EQ(send_one(), EPERM);
}

TEST_F(Process, AUnitSelectorHoldsFromTheFirstConnectionOfANewUnit) {
    const auto mount = loader::cgroup2_mount().value();
    lab.selector(0, Attribute::unit,
                 lab.datapath().path_id(lab.cgroup().substr(mount.size()) + "/web.service"));
    only_selector_zero();
    EXPECT_EQ(lab.here([] { return send_one(); }, "web.service").wait(), 0);
    EXPECT_EQ(lab.here([] { return send_one(); }, "other.service").wait(), EPERM);
}

TEST_F(Process, AUserSelectorHoldsForTheRealUser) {
    lab.selector(0, Attribute::user, 1234);
    only_selector_zero();
    EXPECT_EQ(send_one(), EPERM);
    EXPECT_EQ(lab.here([] { return setuid(1234) ? 90 : send_one(); }).wait(), 0);
}

TEST_F(Process, AGroupSelectorHoldsForAnyOfItsGroups) {
    lab.selector(0, Attribute::group, 4321);
    only_selector_zero();
    EXPECT_EQ(send_one(), EPERM);
    EXPECT_EQ(lab.here([] {
                     const gid_t groups[] = {7, 4321, 9};
                     return setgroups(3, groups) ? 90 : send_one();
                 })
                  .wait(),
              0);
    EXPECT_EQ(lab.here([] { return setgid(4321) ? 90 : send_one(); }).wait(), 0);
}

TEST_F(Process, AllPartsOfASelectorMustHold) {
    lab.selector(0, Attribute::path, lab.datapath().path_id(own_exe()));
    lab.selector(0, Attribute::user, 1234);
    only_selector_zero();
    EXPECT_EQ(send_one(), EPERM);
    EXPECT_EQ(lab.here([] { return setuid(1234) ? 90 : send_one(); }).wait(), 0);
}

// A copy of `true`-like behaviour is not enough: the copy must send. The test binary runs itself.
int run_self_as(const std::string& path) {
    const int pid = fork();
    if (pid == 0) {
        setenv("RW_TEST_SEND_ONE", "1", 1);
        execl(path.c_str(), path.c_str(), nullptr);
        _exit(91);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

TEST_F(Process, AMemfdIsUnresolvedSoAllowFailsAndDenyHolds) {
    const auto from_memfd = [] {
        const int fd = static_cast<int>(syscall(SYS_memfd_create, "x", 0u));
        std::ifstream self("/proc/self/exe", std::ios::binary);
        std::vector<char> bytes((std::istreambuf_iterator<char>(self)), {});
        if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            return 92;
        return run_self_as("/proc/self/fd/" + std::to_string(fd));
    };
    lab.selector(0, Attribute::path, lab.datapath().path_id(own_exe()));
    only_selector_zero();
    EXPECT_EQ(lab.here(from_memfd).wait(), EPERM);
    lab.policy(Mode::selective, {{Says::deny, outbound, 17, 9, 16, false, 1}});
    EXPECT_EQ(lab.here(from_memfd).wait(), EPERM) << "deny takes maybe";
    EXPECT_EQ(lab.here([] { return run_self_as("/bin/true"); }).wait(), 0);
}

TEST_F(Process, ADeepPathIsUnresolvedAndCounted) {
    std::string deep = fs::temp_directory_path() / ("rw-deep-" + std::to_string(getpid()));
    const std::string top = deep;
    for (int i = 0; i < 60; ++i)
        deep += "/d";
    fs::create_directories(deep);
    fs::copy_file(own_exe(), deep + "/self");
    lab.selector(0, Attribute::path, lab.datapath().path_id(deep + "/self"));
    only_selector_zero();
    const auto before = lab.datapath().counters().unresolved;
    EXPECT_EQ(lab.here([&] { return run_self_as(deep + "/self"); }).wait(), EPERM);
    EXPECT_GT(lab.datapath().counters().unresolved, before);
    fs::remove_all(top);
}

TEST_F(Process, FiveExecsInARowFromOnePidAreEachSeenAsThemselves) {
    lab.policy(Mode::visibility, {});
    const fs::path directory = fs::temp_directory_path() / ("rw-exec-" + std::to_string(getpid()));
    fs::create_directories(directory);
    for (int i = 0; i < 5; ++i)
        fs::copy_file(own_exe(), directory / ("prog" + std::to_string(i)));
    auto child = lab.here([&] {
        setenv("RW_TEST_EXEC_CHAIN", directory.c_str(), 1);
        setenv("RW_TEST_EXEC_STEP", "0", 1);
        execl((directory / "prog0").c_str(), "prog0", nullptr);
        return 91;
    });
    const auto pid = static_cast<std::uint32_t>(child.pid());
    EXPECT_EQ(child.wait(), 0);
    std::vector<std::string> seen;
    for (const auto& e : lab.events())
        if (e.pid == pid && e.kind == loader::EventKind::start)
            seen.push_back(fs::path(lab.datapath().exe(e.exe).path).filename());
    EXPECT_EQ(seen, (std::vector<std::string>{"prog0", "prog1", "prog2", "prog3", "prog4"}));
    fs::remove_all(directory);
}

TEST_F(Process, AReplacedBinaryKeepsItsPathAndSaysSo) {
    lab.policy(Mode::visibility, {});
    const std::string path =
        fs::temp_directory_path() / ("rw-replaced-" + std::to_string(getpid()));
    fs::copy_file(own_exe(), path);
    int go[2], gone[2];
    ASSERT_EQ(pipe(go), 0);
    ASSERT_EQ(pipe(gone), 0);
    auto child = lab.here([&] {
        setenv("RW_TEST_SEND_ONE", "1", 1);
        dup2(go[0], 0);
        dup2(gone[1], 1);
        setenv("RW_TEST_WAIT", "1", 1);
        execl(path.c_str(), path.c_str(), nullptr);
        return 91;
    });
    char c;
    ASSERT_EQ(read(gone[0], &c, 1), 1); // it runs
    fs::remove(path);
    ASSERT_EQ(write(go[1], "g", 1), 1);
    EXPECT_EQ(child.wait(), 0);
    const auto events = lab.events();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events[0].exe, lab.datapath().path_id(path));
    EXPECT_TRUE(events[0].owner_flags & RW_OWNER_DELETED);
}

} // namespace

// The test binary started again as another program: see main.cpp.
int act_as_program() {
    if (getenv("RW_TEST_WAIT")) {
        char c;
        (void)!write(1, "r", 1);
        (void)!read(0, &c, 1);
    }
    if (const char* directory = getenv("RW_TEST_EXEC_CHAIN")) {
        const int step = atoi(getenv("RW_TEST_EXEC_STEP"));
        if (const int failed = send_one())
            return failed;
        if (step == 4)
            return 0;
        const std::string next = std::string(directory) + "/prog" + std::to_string(step + 1);
        setenv("RW_TEST_EXEC_STEP", std::to_string(step + 1).c_str(), 1);
        execl(next.c_str(), next.c_str(), nullptr);
        return 91;
    }
    return send_one();
}

} // namespace ringwall::test
