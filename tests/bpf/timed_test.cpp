// Rules that end in the kernel by themselves: nobody writes a map when their time has come.
#include <sys/timerfd.h>

#include <algorithm>
#include <ctime>

#include "tests/bpf/lab.h"
#include "tests/bpf/traffic.h"

namespace ringwall::test {
namespace {

using loader::Attribute;
using loader::Mode;
using enum loader::Direction;

std::uint64_t in_ms(std::uint64_t ms) {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1'000'000'000ull + now.tv_nsec + ms * 1'000'000;
}

void wait_until(std::uint64_t boot_ns) {
    const Fd timer(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC));
    const auto ns = static_cast<long>(boot_ns);
    const itimerspec at{{0, 0}, {ns / 1'000'000'000, ns % 1'000'000'000}};
    ASSERT_EQ(timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &at, nullptr), 0);
    ASSERT_TRUE(readable(timer, 20'000));
}

class Timed : public testing::Test {
  protected:
    Lab& lab = Lab::the();
    void SetUp() override { lab.clear_selectors(); }
};

TEST_F(Timed, AnOpenConnectionStopsAndNewOnesAreRefusedAtTheEnd) {
    const auto end = in_ms(4000);
    lab.policy(Mode::full, {{.port = 8090, .ends = end}});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there4, 8090, 1, ready.ends[1]); });
    ready.wait();
    const Fd s = tcp(there4);
    ASSERT_EQ(connect_to(s, there4, 8090), 0);
    char c = 0;
    ASSERT_EQ(write(s.get(), "a", 1), 1);
    ASSERT_TRUE(readable(s));
    ASSERT_EQ(read(s.get(), &c, 1), 1);
    ASSERT_LT(in_ms(0), end) << "the machine was too slow for this test";
    (void)lab.events();
    wait_until(end);
    EXPECT_EQ(connect_to(tcp(there4), there4, 8090), EPERM);
    ASSERT_EQ(write(s.get(), "b", 1), 1);
    EXPECT_FALSE(readable(s, 200));
    const auto events = lab.events();
    EXPECT_TRUE(std::ranges::any_of(events, [](const auto& e) { return e.revoked; }))
        << "so that its socket is ended";
    for (const auto& event : events) {
        if (event.revoked) {
            EXPECT_TRUE(lab.datapath().end_socket(event));
        }
    }
    server.wait();
}

TEST_F(Timed, AListenerIsOpenUntilTheEnd) {
    const auto end = in_ms(4000);
    lab.policy(Mode::full, {{.direction = inbound, .protocol = 17, .port = 5301, .ends = end}});
    const Fd server = udp(here4);
    ASSERT_EQ(bind_at(server, here4, 5301), 0);
    const auto datagram = [&] {
        return lab.there([] { return send_to(udp(here4), here4, 5301); }).wait();
    };
    char buffer[8];
    ASSERT_EQ(datagram(), 0);
    ASSERT_TRUE(readable(server));
    ASSERT_EQ(read(server.get(), buffer, sizeof buffer), 1);
    wait_until(end);
    ASSERT_EQ(datagram(), 0);
    EXPECT_FALSE(readable(server, 200));
}

TEST_F(Timed, EachSegmentHoldsUntilItsOwnEnd) {
    const auto first = in_ms(4000), second = in_ms(6000);
    lab.selector(0, Attribute::user, getuid());
    lab.selector(1, Attribute::user, getuid() + 1);
    // one port, two ends: until the first for anybody, until the second for this user
    lab.policy(Mode::full, {{.protocol = 17, .port = 99, .ends = first},
                            {.protocol = 17, .port = 99, .selectors = 1, .ends = second},
                            {.protocol = 17, .port = 98, .selectors = 2, .ends = second}});
    EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
    EXPECT_EQ(send_to(udp(there4), there4, 98), EPERM) << "somebody else's";
    wait_until(first);
    EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
    wait_until(second);
    EXPECT_EQ(send_to(udp(there4), there4, 99), EPERM);
}

TEST_F(Timed, WhatEndsStandsAboveDenyAndBelowOverrideDeny) {
    const auto end = in_ms(60'000);
    lab.policy(Mode::full, {{.protocol = 17, .port = 99, .ends = end},
                            {.action = Says::deny, .protocol = 17, .port = 99},
                            {.protocol = 17, .port = 98, .ends = end},
                            {.action = Says::override_deny, .protocol = 17, .port = 98}});
    EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
    EXPECT_EQ(send_to(udp(there4), there4, 98), EPERM);
}

} // namespace
} // namespace ringwall::test
