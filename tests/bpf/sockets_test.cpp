// Real sockets over a wire: connect, accept, UDP both ways, revocation, end of flow.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "loader/handle.h"
#include "tests/bpf/lab.h"
#include "tests/bpf/traffic.h"

namespace ringwall::test {
namespace {

using loader::EventKind;
using loader::Fd;
using loader::Mode;
using enum loader::Direction;

class Sockets : public testing::TestWithParam<std::pair<const char*, const char*>> {
  protected:
    Lab& lab = Lab::the();
    std::string here = GetParam().first, there = GetParam().second;
    void SetUp() override { lab.clear_selectors(); }
    std::vector<loader::Event> wait_for(EventKind kind, int within_ms = 3000) {
        std::vector<loader::Event> all;
        for (int waited = 0; waited < within_ms; waited += 100) {
            for (auto& e : lab.events())
                all.push_back(e);
            if (std::ranges::any_of(all, [&](auto& e) { return e.kind == kind; }))
                return all;
            pollfd p{lab.datapath().event_fd(), POLLIN, 0};
            poll(&p, 1, 100);
        }
        return all;
    }
    static const loader::Event* find(const std::vector<loader::Event>& events, EventKind kind) {
        const auto at = std::ranges::find(events, kind, &loader::Event::kind);
        return at == events.end() ? nullptr : &*at;
    }
};

TEST_P(Sockets, ARefusedConnectFailsAtOnceWithEperm) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 80}});
    const Fd s = tcp(there);
    EXPECT_EQ(connect_to(s, there, 81), EPERM);
    const auto events = lab.events();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, EventKind::deny);
    EXPECT_TRUE(events[0].refused);
    EXPECT_EQ(events[0].pid, static_cast<std::uint32_t>(getpid()));
    EXPECT_EQ(events[0].peer_port, 81);
}

TEST_P(Sockets, AnAllowedConnectionIsReportedFromStartToEndWithItsBytes) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8080}});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there, 8080, 1, ready.ends[1]); });
    ready.wait();
    lab.sweep();
    std::vector<loader::Event> begun;
    {
        const Fd s = tcp(there);
        ASSERT_EQ(connect_to(s, there, 8080), 0);
        char buffer[1000] = {};
        ASSERT_EQ(write(s.get(), buffer, 1000), 1000);
        std::size_t got = 0;
        while (got < 1000 && readable(s))
            got += read(s.get(), buffer, sizeof buffer);
        EXPECT_EQ(got, 1000u);
        begun = lab.sweep();
        EXPECT_TRUE(lab.sweep().empty()) << "a start is reported once";
    }
    EXPECT_EQ(server.wait(), 0);
    const auto events = wait_for(EventKind::end);
    const auto* start = find(begun, EventKind::start);
    const auto* end = find(events, EventKind::end);
    ASSERT_TRUE(start && end);
    EXPECT_FALSE(find(events, EventKind::start)) << "a connection is one record in the ring";
    EXPECT_EQ(start->direction, outbound);
    EXPECT_EQ(start->local.text(), here);
    EXPECT_EQ(start->peer.text(), there);
    EXPECT_EQ(start->peer_port, 8080);
    EXPECT_EQ(start->started_ns, end->started_ns);
    EXPECT_EQ(end->out_bytes, 1000u);
    EXPECT_EQ(end->in_bytes, 1000u) << "closed from TCP state " << int(end->tcp_state);
    EXPECT_EQ(int(end->error), 0);
    EXPECT_EQ(end->pid, static_cast<std::uint32_t>(getpid()));
}

TEST_P(Sockets, AnAcceptedSocketKnowsTheServerAndItsDirection) {
    lab.policy(Mode::full, {{Says::allow, inbound, 6, 8081}});
    const Fd listener = tcp(here);
    ASSERT_EQ(bind_at(listener, here, 8081), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    auto client = lab.there([&] {
        const Fd s = tcp(here);
        if (connect_to(s, here, 8081) || write(s.get(), "hello", 5) != 5)
            return 1;
        char c;
        return read(s.get(), &c, 1) == 0 ? 0 : 2;
    });
    {
        const Fd child(accept(listener.get(), nullptr, nullptr));
        char buffer[5];
        ASSERT_EQ(read(child.get(), buffer, 5), 5);
        EXPECT_TRUE(lab.slot_of(child.get())) << "taken over from the listener";
        const rw_socket s = lab.storage(child.get());
        EXPECT_EQ(s.owner.pid, static_cast<__u32>(getpid()));
        EXPECT_EQ(s.flow.direction, RW_DIR_IN);
        EXPECT_EQ(s.flow.verdict, RW_VERDICT_ALLOWED);
        EXPECT_EQ(lab.storage(listener.get()).flow.verdict, RW_VERDICT_NONE)
            << "a verdict is never kept on a listener";
    }
    EXPECT_EQ(client.wait(), 0);
    const auto events = wait_for(EventKind::end);
    const auto* end = find(events, EventKind::end);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->direction, inbound);
    EXPECT_EQ(end->local_port, 8081);
    EXPECT_EQ(end->exe,
              lab.datapath().path_id(std::filesystem::canonical("/proc/self/exe").string()));
}

// ---- How a connection ended, as its owner is told.

TEST_P(Sockets, TheEndOfAConnectionThatAResetAnswersSaysSo) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8089}});
    {
        const Fd s = tcp(there);
        ASSERT_EQ(connect_to(s, there, 8089), ECONNREFUSED); // nobody listens there
    }
    const auto events = wait_for(EventKind::end);
    const auto* end = find(events, EventKind::end);
    ASSERT_TRUE(end);
    EXPECT_EQ(int(end->tcp_state), TCP_SYN_SENT);
    EXPECT_EQ(int(end->error), ECONNREFUSED);
    EXPECT_EQ(end->retransmits, 0u);
}

TEST_P(Sockets, TheEndOfAConnectionThatNothingAnswersCountsItsRetransmits) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8088}});
    Ready ready, done;
    auto server = lab.there([&] { // takes no second connection into its queue
        const Fd listener = tcp(there);
        if (bind_at(listener, there, 8088) || listen(listener.get(), 0))
            return 1;
        (void)!write(ready.ends[1], "r", 1);
        done.wait();
        return 0;
    });
    ready.wait();
    const Fd first = tcp(there);
    ASSERT_EQ(connect_to(first, there, 8088), 0);
    {
        const Fd s = tcp(there);
        const timeval patience{1, 500'000}; // the second SYN leaves after one second
        setsockopt(s.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        ASSERT_EQ(connect_to(s, there, 8088), EINPROGRESS);
    }
    const auto events = wait_for(EventKind::end);
    (void)!write(done.ends[1], "d", 1);
    EXPECT_EQ(server.wait(), 0);
    const auto* end = find(events, EventKind::end);
    ASSERT_TRUE(end);
    EXPECT_EQ(int(end->tcp_state), TCP_SYN_SENT);
    EXPECT_EQ(int(end->error), 0) << "the program gave up";
    EXPECT_GE(end->retransmits, 1u);
}

TEST_P(Sockets, TheEndOfAConnectionThatThePeerResetsSaysSo) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8087}});
    Ready ready;
    auto server = lab.there([&] {
        const Fd listener = tcp(there);
        if (bind_at(listener, there, 8087) || listen(listener.get(), 4))
            return 1;
        (void)!write(ready.ends[1], "r", 1);
        const Fd client(accept(listener.get(), nullptr, nullptr));
        const linger at_once{1, 0};
        return setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
    ready.wait();
    const Fd s = tcp(there);
    ASSERT_EQ(connect_to(s, there, 8087), 0);
    char c;
    ASSERT_EQ(read(s.get(), &c, 1), -1);
    ASSERT_EQ(errno, ECONNRESET);
    EXPECT_EQ(server.wait(), 0);
    const auto events = wait_for(EventKind::end);
    const auto* end = find(events, EventKind::end);
    ASSERT_TRUE(end);
    EXPECT_EQ(int(end->tcp_state), TCP_ESTABLISHED);
    EXPECT_EQ(int(end->error), ECONNRESET);
}

TEST_P(Sockets, AConnectionIsYoungUntilTheSweepHasSeenIt) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8080}});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there, 8080, 1, ready.ends[1]); });
    ready.wait();
    lab.sweep();
    std::uint64_t cookie = 0;
    {
        const Fd s = tcp(there);
        const auto round_trip = [&] {
            char c = 'x';
            return write(s.get(), &c, 1) == 1 && read(s.get(), &c, 1) == 1;
        };
        ASSERT_EQ(connect_to(s, there, 8080), 0);
        ASSERT_TRUE(round_trip());
        ASSERT_TRUE(lab.slot_of(s.get()));
        EXPECT_FALSE(lab.has_storage(s.get()));
        cookie = lab.slot_of(s.get())->cookie;
        EXPECT_EQ(lab.sweep().size(), 1u);
        EXPECT_FALSE(lab.has_storage(s.get())) << "an idle connection stays where it is";
        EXPECT_TRUE(lab.sweep().empty());
        const auto live = lab.sweep(loader::Sweep::all);
        ASSERT_EQ(live.size(), 1u) << "silent since, and alive";
        EXPECT_EQ(live[0].kind, EventKind::update);
        EXPECT_EQ(live[0].cookie, cookie);
        EXPECT_EQ(live[0].verdict, loader::Verdict::allowed);
        ASSERT_TRUE(round_trip());
        ASSERT_TRUE(lab.has_storage(s.get())) << "its next packet moves it";
        EXPECT_NE(lab.slot_of(s.get())->freed, 0u);
        EXPECT_TRUE(lab.sweep().empty()) << "a start is reported once, wherever it lives";
        ASSERT_TRUE(round_trip());
    }
    EXPECT_EQ(server.wait(), 0);
    const auto events = wait_for(EventKind::end);
    ASSERT_EQ(std::ranges::count(events, EventKind::end, &loader::Event::kind), 1);
    const auto* end = find(events, EventKind::end);
    EXPECT_EQ(end->cookie, cookie);
    EXPECT_EQ(end->out_bytes, 3u);
    EXPECT_EQ(end->in_bytes, 3u);
    EXPECT_EQ(end->pid, static_cast<std::uint32_t>(getpid()));
}

TEST_P(Sockets, ConnectionsWhoseSlotIsTakenAreDecidedAlike) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8080}, {Says::allow, inbound, 6, 8081}});
    lab.fill_nursery();
    Ready ready;
    auto server = lab.there([&] { return echo_server(there, 8080, 1, ready.ends[1]); });
    ready.wait();
    {
        const Fd s = tcp(there);
        ASSERT_EQ(connect_to(s, there, 8080), 0);
        ASSERT_EQ(write(s.get(), "x", 1), 1);
        ASSERT_TRUE(readable(s));
        EXPECT_TRUE(lab.has_storage(s.get()));
        EXPECT_FALSE(lab.slot_of(s.get()));
        EXPECT_EQ(connect_to(tcp(there), there, 8079), EPERM);
    }
    EXPECT_EQ(server.wait(), 0);
    const Fd listener = tcp(here);
    ASSERT_EQ(bind_at(listener, here, 8081), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    auto client = lab.there([&] {
        const Fd s = tcp(here);
        return connect_to(s, here, 8081) ? 1 : (write(s.get(), "x", 1) == 1 ? 0 : 2);
    });
    {
        const Fd child(accept(listener.get(), nullptr, nullptr));
        char c;
        EXPECT_EQ(read(child.get(), &c, 1), 1);
        EXPECT_TRUE(lab.has_storage(child.get()));
        EXPECT_EQ(lab.storage(child.get()).owner.pid, static_cast<__u32>(getpid()));
        EXPECT_EQ(lab.storage(child.get()).flow.verdict, RW_VERDICT_ALLOWED);
    }
    EXPECT_EQ(client.wait(), 0);
    lab.empty_nursery();
}

TEST_P(Sockets, AConnectThatWentNowhereGivesItsSlotBack) {
    lab.policy(Mode::full, {});
    std::uint64_t cookie = 0;
    {
        const Fd s = tcp(there);
        EXPECT_EQ(connect_to(s, there, 8080), EPERM);
        ASSERT_TRUE(lab.slot_of(s.get()));
        EXPECT_EQ(lab.slot_of(s.get())->freed, 0u);
        cookie = lab.slot_of(s.get())->cookie;
    }
    EXPECT_NE(lab.slot(cookie).freed, 0u);
}

TEST_P(Sockets, AListenerWithoutBindIsAttributedToo) {
    lab.policy(Mode::visibility, {});
    const Fd listener = tcp(here);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    EXPECT_EQ(lab.storage(listener.get()).owner.pid, static_cast<__u32>(getpid()));
    EXPECT_EQ(lab.storage(listener.get()).flow.direction, RW_DIR_IN);
}

TEST_P(Sockets, ABlockedInboundConnectionIsSilence) {
    lab.policy(Mode::full, {});
    const Fd listener = tcp(here);
    ASSERT_EQ(bind_at(listener, here, 8082), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    auto client = lab.there([&] {
        const Fd s = tcp(here);
        const int user_timeout = 500;
        setsockopt(s.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
        const int syns = 1;
        setsockopt(s.get(), IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof syns);
        return connect_to(s, here, 8082) == ETIMEDOUT ? 0 : 1;
    });
    EXPECT_EQ(client.wait(), 0);
    const auto events = lab.events();
    const auto* deny = find(events, EventKind::deny);
    ASSERT_TRUE(deny);
    EXPECT_EQ(deny->direction, inbound);
    EXPECT_EQ(deny->local_port, 8082);
    EXPECT_EQ(deny->pid, static_cast<std::uint32_t>(getpid())) << "the listener's process";
}

TEST_P(Sockets, ARevokedConnectionStopsAndIsMarkedForItsEnd) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8083}});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there, 8083, 1, ready.ends[1]); });
    ready.wait();
    const Fd s = tcp(there);
    ASSERT_EQ(connect_to(s, there, 8083), 0);
    ASSERT_EQ(write(s.get(), "a", 1), 1);
    ASSERT_TRUE(readable(s));
    (void)lab.events();
    lab.policy(Mode::full, {});
    ASSERT_EQ(write(s.get(), "b", 1), 1);
    const auto events = wait_for(EventKind::deny);
    const auto* deny = find(events, EventKind::deny);
    ASSERT_TRUE(deny);
    EXPECT_TRUE(deny->revoked);
    const auto ended = lab.datapath().end_socket(*deny);
    ASSERT_TRUE(ended) << ended.error().message;
    char c;
    EXPECT_TRUE(readable(s));
    while (read(s.get(), &c, 1) > 0) {
    }
    EXPECT_TRUE(errno == ECONNABORTED || errno == ECONNRESET);
    EXPECT_NE(server.wait(), -1) << "the peer is told";
}

TEST_P(Sockets, ANewPolicyThatStillAllowsLosesNothingAndSaysNothing) {
    lab.policy(Mode::full, {{Says::allow, outbound, 6, 8084}});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there, 8084, 1, ready.ends[1]); });
    ready.wait();
    {
        const Fd s = tcp(there);
        ASSERT_EQ(connect_to(s, there, 8084), 0);
        ASSERT_EQ(write(s.get(), "a", 1), 1);
        ASSERT_TRUE(readable(s));
        char c;
        ASSERT_EQ(read(s.get(), &c, 1), 1);
        lab.policy(Mode::full, {{Says::allow, outbound, 6, 8084}, {Says::deny, outbound, 6, 1}});
        ASSERT_EQ(write(s.get(), "b", 1), 1);
        ASSERT_TRUE(readable(s));
        EXPECT_TRUE(lab.events().empty());
    }
    EXPECT_EQ(server.wait(), 0);
}

TEST_P(Sockets, UdpRepliesPassAndStrangersDoNot) {
    lab.policy(Mode::full, {{Says::allow, outbound, 17, 5353}});
    Ready ready;
    auto server = lab.there([&] {
        const Fd s = udp(there);
        if (bind_at(s, there, 5353))
            return 1;
        (void)!write(ready.ends[1], "r", 1);
        char buffer[64];
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        if (recvfrom(s.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size) <
            0)
            return 2;
        const Fd other = udp(there); // another port of the same host: not a reply
        sendto(other.get(), "stranger", 8, 0, reinterpret_cast<sockaddr*>(&from), size);
        return sendto(s.get(), "reply", 5, 0, reinterpret_cast<sockaddr*>(&from), size) == 5 ? 0
                                                                                             : 3;
    });
    ready.wait();
    const Fd s = udp(there);
    ASSERT_EQ(send_to(s, there, 5353), 0);
    EXPECT_EQ(server.wait(), 0);
    char buffer[64];
    ASSERT_TRUE(readable(s));
    const auto got = read(s.get(), buffer, sizeof buffer);
    EXPECT_EQ(std::string(buffer, got), "reply");
    EXPECT_FALSE(readable(s, 50)) << "what is no reply needs an inbound rule";
}

TEST_P(Sockets, ABlockedDatagramSaysEpermAtOnce) {
    lab.policy(Mode::full, {});
    const Fd loose = udp(there), bound = udp(there);
    EXPECT_EQ(send_to(loose, there, 99), EPERM);
    ASSERT_EQ(connect_to(bound, there, 99), 0);
    EXPECT_EQ(send(bound.get(), "x", 1, 0) < 0 ? errno : 0, EPERM);
}

TEST_P(Sockets, OneDatagramSocketTalksToManyPeersEachOnItsOwnRight) {
    lab.policy(Mode::full, {{Says::allow, outbound, 17, 1},
                            {Says::allow, outbound, 17, 2},
                            {Says::allow, outbound, 17, 3}});
    const Fd s = udp(there);
    for (int round = 0; round < 3; ++round)
        for (std::uint16_t port = 1; port <= 4; ++port)
            EXPECT_EQ(send_to(s, there, port), port == 4 ? EPERM : 0) << port;
    const auto events = lab.events();
    EXPECT_EQ(std::ranges::count(events, EventKind::start, &loader::Event::kind), 3)
        << "one start per peer, however often it is talked to";
}

TEST_P(Sockets, AUdpServerAnswersItsClients) {
    lab.policy(Mode::full, {{Says::allow, inbound, 17, 5300}});
    const Fd server = udp(here);
    ASSERT_EQ(bind_at(server, here, 5300), 0);
    auto client = lab.there([&] {
        const Fd s = udp(here);
        char c;
        return send_to(s, here, 5300) == 0 && readable(s) && read(s.get(), &c, 1) == 1 ? 0 : 1;
    });
    char buffer[8];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    ASSERT_TRUE(readable(server));
    ASSERT_GT(recvfrom(server.get(), buffer, 8, 0, reinterpret_cast<sockaddr*>(&from), &size), 0);
    EXPECT_EQ(sendto(server.get(), "y", 1, 0, reinterpret_cast<sockaddr*>(&from), size), 1);
    EXPECT_EQ(client.wait(), 0);
    EXPECT_EQ(send_to(server, there, 7777), EPERM) << "serving gives no right to begin";
}

INSTANTIATE_TEST_SUITE_P(Families, Sockets,
                         testing::Values(std::pair{here4, there4}, std::pair{here6, there6}),
                         [](const auto& test) { return test.index == 0 ? "IPv4" : "IPv6"; });

class Mapped : public testing::Test {
  protected:
    Lab& lab = Lab::the();
};

TEST_F(Mapped, AnIpv6SocketToAMappedAddressIsJudgedAsIpv4) {
    lab.clear_selectors();
    lab.policy(Mode::full, {{Says::allow, outbound, 17, 10}});
    const Fd s(socket(AF_INET6, SOCK_DGRAM, 0));
    EXPECT_EQ(send_to(s, "::ffff:10.99.0.2", 10), 0);
    EXPECT_EQ(send_to(s, "::ffff:10.99.0.2", 11), EPERM);
    const Fd t(socket(AF_INET6, SOCK_STREAM, 0));
    EXPECT_EQ(connect_to(t, "::ffff:10.99.0.2", 11), EPERM);
}

TEST_F(Mapped, ADualStackListenerIsJudgedByThePacket) {
    lab.clear_selectors();
    lab.policy(Mode::full, {{Says::allow, inbound, 6, 8090}});
    const Fd listener(socket(AF_INET6, SOCK_STREAM, 0));
    ASSERT_EQ(bind_at(listener, "::", 8090), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    for (const char* to : {here4, here6}) {
        auto client = lab.there([&] {
            const Fd s = tcp(to);
            return connect_to(s, to, 8090) ? 1 : (write(s.get(), "x", 1) == 1 ? 0 : 2);
        });
        const Fd child(accept(listener.get(), nullptr, nullptr));
        char c;
        EXPECT_EQ(read(child.get(), &c, 1), 1);
        EXPECT_EQ(client.wait(), 0) << to;
    }
    EXPECT_EQ(lab.datapath().counters().faults.at("handover"), 0u);
}

TEST(Ping, ThePingSocketIsAttributedAndItsReplyPasses) {
    Lab& lab = Lab::the();
    lab.clear_selectors();
    lab.policy(Mode::full, {{Says::allow, outbound, 1, 8 << 8, 16}});
    const Fd s(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    ASSERT_TRUE(s);
    EXPECT_EQ(lab.storage(s.get()).owner.pid, static_cast<__u32>(getpid()));
    std::uint8_t request[8] = {8, 0, 0xf7, 0xfd, 0, 1, 0, 1};
    socklen_t size;
    const auto to = at(there4, 0, size);
    ASSERT_EQ(sendto(s.get(), request, 8, 0, reinterpret_cast<const sockaddr*>(&to), size), 8);
    EXPECT_TRUE(readable(s));
    request[0] = 13;
    request[2] = 0xf2;
    EXPECT_EQ(sendto(s.get(), request, 8, 0, reinterpret_cast<const sockaddr*>(&to), size), -1);
    EXPECT_EQ(errno, EPERM);
}

} // namespace
} // namespace ringwall::test
