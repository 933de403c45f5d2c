// Many who hold a place and say nothing, while others are served.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <list>

#include <gtest/gtest.h>

#include "tests/unit/server_world.h"

namespace ringwall::server_test {
namespace {

using namespace std::chrono_literals;

std::size_t resident_kib() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

http::Handler hello() {
    return [](const http::Request&, const http::Reply& reply) { reply({.body = "hello"}); };
}

bool is_served(World& world, const std::string& from) {
    Client client(world.port(), world.nobody(), "http/1.1", from);
    client.say("GET / HTTP/1.1\r\nHost: c\r\n\r\n");
    const auto answer = client.answer();
    return answer && answer->body == "hello";
}

TEST(ServerFlood, FromOneAddressLeavesTheServiceToOthers) {
    World world(options(), hello());
    std::list<Socket> flood;
    for (int i = 0; i < 300; ++i)
        flood.emplace_back(world.port());
    ASSERT_TRUE(world.becomes([&] { return world.server->stats().accepted == 300; }));
    EXPECT_EQ(world.stats().handshakes, 64U);
    EXPECT_EQ(world.stats().handshakes_crowded, 236U);
    EXPECT_TRUE(is_served(world, "127.0.0.2"));
}

TEST(ServerFlood, FromManyAddressesCostsTheOldestTheirPlace) {
    auto small = options();
    small.handshakes = {.in_all = 50, .of_one_network = 10, .patience = 20ms};
    World world(small, hello());
    std::list<Socket> flood;
    for (int i = 0; i < 300; ++i)
        flood.emplace_back(world.port(), "127.0.1." + std::to_string(1 + i % 100));
    EXPECT_TRUE(is_served(world, "127.0.0.2"));
    EXPECT_GT(world.stats().handshakes_dropped, 0U);
    EXPECT_LE(world.stats().handshakes, 50U);
    EXPECT_TRUE(flood.front().ends());
}

TEST(ServerFlood, HalfAHandshakeIsCutWhenItsTimeIsOver) {
    auto hasty = options();
    hasty.handshake_within = 50ms;
    World world(hasty);
    const Socket silent(world.port()), half(world.port());
    const char start[] = {0x16, 0x03, 0x01, 0x00, 0x50, 0x01, 0x00};
    ASSERT_EQ(write(half.fd(), start, sizeof start), 7);
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(half.ends());
    EXPECT_EQ(world.stats().handshakes_timed_out, 2U);
    EXPECT_EQ(world.stats().handshakes, 0U);
}

TEST(ServerFlood, WhatIsNoTlsIsClosed) {
    World world;
    const Socket plain(world.port());
    ASSERT_GT(write(plain.fd(), "GET / HTTP/1.1\r\n\r\n", 18), 0);
    EXPECT_TRUE(plain.ends());
    EXPECT_TRUE(world.becomes([&] { return world.server->stats().handshakes_failed == 1; }));
}

// Lowers the limit for as long as it lives.
class FewDescriptors {
  public:
    explicit FewDescriptors(rlim_t count) {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{count, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;
    FewDescriptors(FewDescriptors&&) = delete;
    FewDescriptors& operator=(FewDescriptors&&) = delete;

  private:
    rlimit before_{};
};

TEST(ServerFlood, WithoutDescriptorsClientsAreTurnedAwayAndItComesBack) {
    World world(options(), hello());
    {
        Socket client(world.port()), second(world.port());
        ASSERT_TRUE(world.becomes([&] { return world.server->stats().handshakes == 2; }));
        Socket third(world.port()), fourth(world.port());
        ASSERT_TRUE(world.becomes([&] { return world.server->stats().handshakes == 4; }));
        // From here on, only a descriptor that the test itself takes may be open: it is taken
        // before the limit falls, and connected after it.
        const int early = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const FewDescriptors few(static_cast<rlim_t>(early) + 1);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(world.port());
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(connect(early, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        char byte = 0;
        EXPECT_EQ(read(early, &byte, 1), 0) << "turned away";
        const auto errors = world.stats().accept_errors;
        EXPECT_GE(errors, 1U);
        EXPECT_LE(errors, 5U) << "it spins";
        close(early);
    }
    EXPECT_TRUE(is_served(world, "127.0.0.2"));
}

TEST(ServerFlood, ThreeHundredIdleAgents) {
    auto wide = options();
    wide.handshakes.of_one_network = 512;
    World world(wide);
    constexpr int agents = 300;
    world.in_server([&] {
        for (int i = 0; i < agents; ++i)
            world.hub->add("agent-" + std::to_string(i), {});
        return true;
    });
    std::list<TlsAgent> fleet;
    const auto connect = [&](int i) {
        fleet.emplace_back(world, "agent-" + std::to_string(i));
        return fleet.back().becomes([&] { return fleet.back().agent.live(); });
    };
    for (int i = 0; i < 50; ++i) // what is made once
        ASSERT_TRUE(connect(i));
    malloc_trim(0); // nothing that other tests have left is used again
    const auto before = resident_kib();
    for (int i = 50; i < agents; ++i)
        ASSERT_TRUE(connect(i));
    ASSERT_TRUE(world.becomes([&] { return world.server->stats().agents == agents; }));
    const auto each = (resident_kib() - before) / (agents - 50);
    RecordProperty("resident_kib_for_both_ends", static_cast<int>(each));
    std::printf("an idle session, both ends in this process: %zu KiB\n", each);
}

} // namespace
} // namespace ringwall::server_test
