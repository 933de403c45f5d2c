// Ending connections, with real ones.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "loader/destroy.h"
#include "loader/netns.h"
#include "loader/sock_diag.h"
#include "loader_aux_world.h"

namespace ringwall::loader::test {
namespace {

Address address_of(const sockaddr_in6& name) {
    Address address;
    std::memcpy(address.bytes.data(), &name.sin6_addr, 16);
    return address;
}

Event flow_of(const Fd& own, const Fd& peer, std::uint8_t protocol, pid_t pid) {
    Event event;
    const auto local = name_of(own), remote = name_of(peer);
    event.protocol = protocol;
    event.local = address_of(local);
    event.peer = address_of(remote);
    event.local_port = ntohs(local.sin6_port);
    event.peer_port = ntohs(remote.sin6_port);
    event.cookie = cookie_of(own);
    event.netns = netns_cookie(own.get());
    event.pid = static_cast<std::uint32_t>(pid);
    return event;
}

// The error of a read that does not wait; 0: there were data.
int error_of_read(const Fd& socket) {
    char byte = 0;
    const ssize_t size = recv(socket.get(), &byte, 1, MSG_DONTWAIT);
    return size < 0 ? errno : 0;
}

std::string own_netns() {
    char text[64] = {};
    return readlink("/proc/thread-self/ns/net", text, sizeof text - 1) > 0 ? text : "";
}

class Ending : public testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "namespaces need root";
        before_ = own_netns();
    }
    void TearDown() override { EXPECT_EQ(before_, own_netns()) << "the caller's thread moved"; }

    // A process that does nothing in the namespace but live there.
    std::unique_ptr<Child> process_in(const TestNetns& netns) {
        return std::make_unique<Child>([&](const auto& ready) {
            if (setns(netns.fd.get(), CLONE_NEWNET) == 0)
                ready();
            pause();
        });
    }
    Pair pair_in(const TestNetns& netns, Kind kind, const char* interface = nullptr) {
        Pair pair;
        netns.inside([&] { pair = tcp_pair(kind, interface); });
        return pair;
    }
    void expect_ended(const Pair& pair) {
        EXPECT_EQ(ECONNABORTED, error_of_read(pair.client));
        EXPECT_EQ(ECONNRESET, error_of_read(pair.accepted));
    }
    void expect_open(const Pair& pair) { EXPECT_EQ(EAGAIN, error_of_read(pair.client)); }

    std::string before_;
};

class EndingOfFamily : public Ending, public testing::WithParamInterface<Kind> {};

TEST_P(EndingOfFamily, tells_both_ends_of_a_connection_in_another_network_namespace) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    const Pair pair = pair_in(netns, GetParam());
    const auto done = destroy_socket(flow_of(pair.client, pair.accepted, IPPROTO_TCP, owner->pid));
    ASSERT_TRUE(done) << done.error().message;
    expect_ended(pair);
}

TEST_P(EndingOfFamily, ends_the_accepted_side_as_well) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    const Pair pair = pair_in(netns, GetParam());
    const auto done = destroy_socket(flow_of(pair.accepted, pair.client, IPPROTO_TCP, owner->pid));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(ECONNABORTED, error_of_read(pair.accepted));
    EXPECT_EQ(ECONNRESET, error_of_read(pair.client));
    Fd next(socket(GetParam() == Kind::v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0));
    netns.inside([&] { next = tcp_pair(GetParam()).client; });
    EXPECT_TRUE(next) << "the namespace goes on";
}

TEST_P(EndingOfFamily, ends_a_connected_udp_socket) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    Fd client, server;
    netns.inside([&] {
        server = udp_socket(GetParam());
        client = udp_socket(GetParam());
        connect_to(client, server);
    });
    const auto done = destroy_socket(flow_of(client, server, IPPROTO_UDP, owner->pid));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(ECONNABORTED, error_of_read(client));
    EXPECT_EQ(-1, send(client.get(), "x", 1, 0));
    EXPECT_EQ(EDESTADDRREQ, errno);
}

TEST_P(EndingOfFamily, leaves_an_unconnected_udp_server_to_its_other_peers) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    Fd client, server;
    netns.inside([&] {
        server = udp_socket(GetParam());
        client = udp_socket(GetParam());
        connect_to(client, server);
    });
    const auto done = destroy_socket(flow_of(server, client, IPPROTO_UDP, owner->pid));
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(1, send(client.get(), "x", 1, 0));
    EXPECT_EQ(0, error_of_read(server));
}

INSTANTIATE_TEST_SUITE_P(families, EndingOfFamily,
                         testing::Values(Kind::v4, Kind::v6, Kind::mapped), [](const auto& kind) {
                             return kind.param == Kind::v4   ? "ipv4"
                                    : kind.param == Kind::v6 ? "ipv6"
                                                             : "ipv4_mapped";
                         });

TEST_F(Ending, finds_a_socket_that_is_bound_to_an_interface) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    const Pair pair = pair_in(netns, Kind::v6, "lo");
    const auto done = destroy_socket(flow_of(pair.client, pair.accepted, IPPROTO_TCP, owner->pid));
    ASSERT_TRUE(done) << done.error().message;
    expect_ended(pair);
}

TEST_F(Ending, works_in_the_own_network_namespace) {
    const Pair pair = tcp_pair(Kind::v4);
    const auto done = destroy_socket(flow_of(pair.client, pair.accepted, IPPROTO_TCP, getpid()));
    ASSERT_TRUE(done) << done.error().message;
    expect_ended(pair);
}

TEST_F(Ending, finds_the_namespace_when_the_owner_has_ended) {
    const TestNetns netns;
    const auto owner = process_in(netns), neighbour = process_in(netns);
    const Pair pair = pair_in(netns, Kind::v4);
    const Event event = flow_of(pair.client, pair.accepted, IPPROTO_TCP, owner->pid);
    owner->end();
    const auto done = destroy_socket(event);
    ASSERT_TRUE(done) << done.error().message;
    expect_ended(pair);
}

TEST_F(Ending, finds_a_socket_that_its_process_opened_in_a_namespace_without_processes) {
    Pair pair;
    {
        const TestNetns netns;
        pair = pair_in(netns, Kind::v4);
    }
    const auto done = destroy_socket(flow_of(pair.client, pair.accepted, IPPROTO_TCP, getpid()));
    ASSERT_TRUE(done) << done.error().message;
    expect_ended(pair);
}

TEST_F(Ending, takes_a_socket_that_is_gone_for_ended) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    Pair pair = pair_in(netns, Kind::v4);
    const Event event = flow_of(pair.client, pair.accepted, IPPROTO_TCP, owner->pid);
    const linger now{1, 0};
    setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    pair.client = Fd();
    const auto done = destroy_socket(event);
    EXPECT_TRUE(done) << done.error().message;
}

TEST_F(Ending, leaves_another_socket_with_the_same_addresses_alone) {
    const TestNetns netns;
    const auto owner = process_in(netns);
    const Pair pair = pair_in(netns, Kind::v4);
    Event event = flow_of(pair.client, pair.accepted, IPPROTO_TCP, owner->pid);
    event.cookie += 1'000'000'000;
    EXPECT_TRUE(destroy_socket(event));
    expect_open(pair);
}

TEST_F(Ending, says_that_ping_has_no_connection) {
    Event event;
    event.protocol = IPPROTO_ICMP;
    const auto done = destroy_socket(event);
    ASSERT_FALSE(done);
    EXPECT_EQ(Errc::unsupported, done.error().code);
    EXPECT_EQ("protocol 1 has no connections to end; its packets are dropped",
              done.error().message);
}

TEST_F(Ending, needs_a_right_and_says_which) {
    const Pair pair = tcp_pair(Kind::v4);
    const Event event = flow_of(pair.client, pair.accepted, IPPROTO_TCP, getpid());
    int ends[2];
    ASSERT_EQ(0, pipe(ends));
    const Fd in(ends[0]), out(ends[1]);
    const Child nobody([&](const auto& ready) {
        if (setuid(65534) == 0) {
            const auto done = destroy_socket(event);
            const std::string text = done ? "done" : done.error().message;
            (void)!write(out.get(), text.data(), text.size());
        }
        ready();
    });
    char text[512] = {};
    ASSERT_GT(read(in.get(), text, sizeof text - 1), 0);
    EXPECT_NE(std::string::npos, std::string(text).find("CAP_NET_ADMIN is needed")) << text;
    expect_open(pair);
}

} // namespace
} // namespace ringwall::loader::test
