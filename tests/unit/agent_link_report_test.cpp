// The host report: parsers on the text of real files, and one look at this very process.
#include "agent/report.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "agent/fd.h"
#include "agent/report_text.h"
#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

using testing::Scratch;

constexpr const char* tcp_table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0500000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 "
    "12345 1 0000000000000000 100 0 0 10 0\n"
    "   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   101        0 "
    "12346 1 0000000000000000 20 4 30 10 -1\n"
    "   2: nonsense\n";
constexpr const char* tcp6_table =
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 777 1 0\n"
    "   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 778 1 0\n";
constexpr const char* udp_table =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    "    1: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "901 2 0 0\n"
    "    2: 00000000:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "902 2 0 0\n"
    "    3: 0500000A:0044 0100000A:0043 01 00000000:00000000 00:00000000 00000000     0        0 "
    "903 2 0 0\n";

TEST(ListeningSockets, AreThoseThatServe) {
    const auto tcp = listening_sockets(tcp_table, 6, "");
    ASSERT_EQ(tcp.size(), 1u) << "a connection is no listener";
    EXPECT_EQ(tcp[0].address.text(), "10.0.0.5");
    EXPECT_EQ(tcp[0].port, 8080);
    EXPECT_EQ(tcp[0].inode, 12345u);
    const auto tcp6 = listening_sockets(tcp6_table, 6, "");
    ASSERT_EQ(tcp6.size(), 2u);
    EXPECT_EQ(tcp6[0].address, Address{});
    EXPECT_EQ(tcp6[1].address.text(), "2001:db8::1");
    const auto udp = listening_sockets(udp_table, 17, "32768\t60999\n");
    ASSERT_EQ(udp.size(), 1u) << "neither a client's port nor a connected socket";
    EXPECT_EQ(udp[0].port, 53);
    EXPECT_TRUE(listening_sockets("", 6, "").empty());
}

TEST(ReportText, ReadsWhatHostsWrite) {
    EXPECT_EQ(pretty_name("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
              "Debian GNU/Linux 12 (bookworm)");
    EXPECT_EQ(pretty_name("PRETTY_NAME=Alpine"), "Alpine");
    EXPECT_EQ(pretty_name(""), "");
    EXPECT_EQ(cgroup_path("12:pids:/x\n0::/system.slice/nginx.service\n"),
              "/system.slice/nginx.service");
    EXPECT_EQ(cgroup_path("12:pids:/x\n"), "");
    EXPECT_EQ(real_uid("Name:\tnginx\nUid:\t33\t0\t0\t0\n"), 33u);
    EXPECT_FALSE(real_uid("Name:\tnginx\n"));
}

TEST(Packages, OwnFilesAlsoFromBeforeUsrWasMerged) {
    const std::set<std::string> asked{"/usr/sbin/nginx", "/usr/bin/bash", "/opt/own"};
    EXPECT_EQ(owned("/.\n/usr\n/usr/sbin\n/usr/sbin/nginx\n", asked),
              std::set<std::string>{"/usr/sbin/nginx"});
    EXPECT_EQ(owned("/bin\n/bin/bash", asked), std::set<std::string>{"/usr/bin/bash"});
    EXPECT_EQ(
        versions("Package: nginx\nStatus: ok\nVersion: 1.22.1-9\n\nPackage: bash\nVersion: 5\n",
                 {"nginx"}),
        (std::map<std::string, std::string>{{"nginx", "1.22.1-9"}}));
}

// A server of our own on a port that nobody else has.
class Server {
  public:
    Server() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) < 0 ||
            listen(socket_.get(), 1) < 0 ||
            getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
            throw std::runtime_error("no listening socket");
        port = ntohs(address.sin_port);
    }
    std::uint16_t port = 0;

  private:
    Fd socket_;
};

const v1::Listener* listener_at(const v1::HostReport& report, std::uint16_t port) {
    const auto found = std::ranges::find_if(report.listeners(), [&](const auto& listener) {
        return listener.port() == port && listener.protocol() == 6;
    });
    return found == report.listeners().end() ? nullptr : &*found;
}

TEST(Report, ShowsThisHostAndWhoListens) {
    const Scratch scratch;
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    scratch.write("dpkg/info/ringwall-tests.list", "/.\n" + self + "\n");
    scratch.write("dpkg/status", "Package: ringwall-tests\nVersion: 1.0\n");
    std::filesystem::create_directories(scratch.path("cgroup/system.slice/a.service"));
    scratch.write("cgroup/system.slice/a.service/cgroup.events", "populated 1\nfrozen 0\n");
    scratch.write("cgroup/system.slice/idle.service/cgroup.events", "populated 0\nfrozen 0\n");
    scratch.write("cgroup/system.slice/system-x.slice/b.service/cgroup.events", "populated 1\n");
    const auto container = "docker-" + std::string(64, 'c') + ".scope";
    std::filesystem::create_directories(scratch.path("cgroup/system.slice/" + container));
    const ReportScope scope{.machine_id = "0123",
                            .mount = scratch.path("cgroup"),
                            .cgroup = scratch.path("cgroup"),
                            .subjects = {{"app-uk-1", ""}},
                            .dpkg = scratch.path("dpkg")};
    Reporter reporter;
    const auto before = reporter.look(scope);
    const Server server;
    const auto report = reporter.look(scope);
    EXPECT_FALSE(agent::same(before, report));
    const auto* listener = listener_at(report, server.port);
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener_at(before, server.port), nullptr);
    EXPECT_EQ(listener->process().path(), self);
    EXPECT_EQ(listener->address(), std::string("\x7f\0\0\x01", 4));
    EXPECT_EQ(listener->package(), "ringwall-tests 1.0");
    EXPECT_EQ(listener->subject(), "app-uk-1");
    ASSERT_EQ(report.units_size(), 2);
    EXPECT_EQ(report.units(0).name(), "a.service");
    EXPECT_EQ(report.units(1).name(), "b.service");
    ASSERT_EQ(report.containers_size(), 1);
    EXPECT_EQ(report.containers(0).runtime(), "docker");
    EXPECT_EQ(report.machine_id(), "0123");
    EXPECT_NE(report.kernel(), "");
    EXPECT_TRUE(std::ranges::any_of(report.interfaces(),
                                    [](const auto& each) { return each.name() == "lo"; }));
    EXPECT_TRUE(agent::same(report, reporter.look(scope)));
}

} // namespace
} // namespace ringwall::agent
