// A staged rule set: judged on real connections, counted, never enforced.
#include <netinet/tcp.h>

#include <algorithm>
#include <filesystem>

#include "tests/bpf/lab.h"
#include "tests/bpf/traffic.h"

namespace ringwall::test {
namespace {

using loader::Attribute;
using loader::Impact;
using loader::Mode;
using enum loader::Direction;

class Staged : public testing::Test {
  protected:
    Lab& lab = Lab::the();
    void SetUp() override { lab.clear_selectors(); }
    void TearDown() override { lab.policy(Mode::full, {}); }

    std::vector<Impact> changes() const {
        auto all = lab.impacts();
        std::erase_if(all, [](const auto& row) { return row.change == Impact::Change::none; });
        return all;
    }
    std::uint64_t same() const {
        std::uint64_t out = 0;
        for (const auto& row : lab.impacts())
            if (row.change == Impact::Change::none)
                out += row.count;
        return out;
    }
};

TEST_F(Staged, WhatItWouldBlockPassesAndIsCounted) {
    for (const auto mode : {Mode::visibility, Mode::selective, Mode::full}) {
        lab.policy_and_staged(
            mode, {{.protocol = 17, .port = 99}, {.protocol = 17, .port = 98}},
            {{.protocol = 17, .port = 98}, {.action = Says::deny, .protocol = 17, .port = 99}});
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
        EXPECT_EQ(send_to(udp(there4), there4, 98), 0);
        const auto found = changes();
        ASSERT_EQ(found.size(), 1U);
        const auto& row = found.front();
        EXPECT_EQ(row.change, Impact::Change::blocks);
        EXPECT_EQ(row.count, 3U);
        EXPECT_EQ(row.connection.direction, outbound);
        EXPECT_EQ(row.connection.peer.text(), there4);
        EXPECT_EQ(row.connection.peer_port, 99);
        EXPECT_EQ(row.connection.subject, the_subject);
        EXPECT_STREQ(loader::reason_name(row.connection.reason), "allow");
        EXPECT_STREQ(loader::reason_name(row.staged_reason), "deny");
        EXPECT_NE(row.connection.entry, 0U);
        EXPECT_NE(row.staged_entry, 0U);
        EXPECT_EQ(lab.datapath().exe(row.connection.exe).path,
                  std::filesystem::read_symlink("/proc/self/exe").string());
        EXPECT_EQ(same(), 1U);
    }
}

TEST_F(Staged, WhatItWouldAllowStaysRefusedAndIsCounted) {
    lab.policy_and_staged(Mode::full, {}, {{.port = 81}});
    EXPECT_EQ(connect_to(tcp(there4), there4, 81), EPERM);
    EXPECT_EQ(connect_to(tcp(there6), there6, 81), EPERM);
    EXPECT_EQ(connect_to(tcp(there4), there4, 82), EPERM);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1U) << "one peer, one process, one port";
    EXPECT_EQ(found.front().change, Impact::Change::allows);
    EXPECT_EQ(found.front().count, 2U);
    EXPECT_STREQ(loader::reason_name(found.front().staged_reason), "allow");
    EXPECT_EQ(same(), 1U);
}

TEST_F(Staged, AProcessCounts) {
    lab.selector(0, Attribute::user, getuid());
    lab.selector(1, Attribute::user, getuid() + 1);
    lab.policy_and_staged(
        Mode::full, {{.protocol = 17, .port = 97, .selectors = 1}, {.protocol = 17, .port = 96}},
        {{.protocol = 17, .port = 97, .selectors = 2},
         {.protocol = 17, .port = 96, .selectors = 1}});
    EXPECT_EQ(send_to(udp(there4), there4, 97), 0);
    EXPECT_EQ(send_to(udp(there4), there4, 96), 0);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().connection.peer_port, 97);
    EXPECT_EQ(found.front().change, Impact::Change::blocks);
    EXPECT_EQ(found.front().connection.sure & 3, 1U);
    EXPECT_EQ(found.front().staged_maybe & 3, 1U);
}

TEST_F(Staged, AConnectionThatLivedBeforeIsAskedAbout) {
    lab.policy(Mode::full, {{.direction = inbound, .port = 8091}});
    const Fd listener = tcp(here4);
    ASSERT_EQ(bind_at(listener, here4, 8091), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    Ready go;
    auto client = lab.there([&] {
        const Fd s = tcp(here4);
        char c = 0;
        if (connect_to(s, here4, 8091) || read(go.ends[0], &c, 1) != 1 ||
            write(s.get(), "x", 1) != 1)
            return 1;
        return read(s.get(), &c, 1) == 1 ? 0 : 2;
    });
    const Fd s(accept(listener.get(), nullptr, nullptr));
    lab.policy_and_staged(Mode::full, {{.direction = inbound, .port = 8091}}, {});
    ASSERT_EQ(write(go.ends[1], "g", 1), 1);
    char c = 0;
    ASSERT_EQ(read(s.get(), &c, 1), 1);
    ASSERT_EQ(write(s.get(), "y", 1), 1);
    EXPECT_EQ(client.wait(), 0);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().connection.direction, inbound);
    EXPECT_EQ(found.front().connection.local_port, 8091);
    EXPECT_STREQ(loader::reason_name(found.front().staged_reason), "no-rule");
    EXPECT_EQ(found.front().count, 1U) << "once, not for each packet";
}

TEST_F(Staged, AConnectionThatIsDecidedAgainCountsOnce) {
    lab.policy_and_staged(Mode::full, {{.port = 8093}}, {});
    Ready ready;
    auto server = lab.there([&] { return echo_server(there4, 8093, 1, ready.ends[1]); });
    ready.wait();
    {
        const Fd s = tcp(there4);
        ASSERT_EQ(connect_to(s, there4, 8093), 0);
        const auto echo = [&] {
            char c = 0;
            return write(s.get(), "a", 1) == 1 && readable(s) && read(s.get(), &c, 1) == 1;
        };
        ASSERT_TRUE(echo());
        (void)lab.sweep(); // it is young no more: its next packet decides again
        ASSERT_TRUE(echo());
        ASSERT_TRUE(lab.datapath().pause_until(0)); // raises the generation
        ASSERT_TRUE(echo());
    }
    EXPECT_EQ(server.wait(), 0);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().count, 1U);
}

TEST_F(Staged, ABlockedSynIsCountedAsNewlyAllowed) {
    lab.policy_and_staged(Mode::full, {}, {{.direction = inbound, .port = 8092}});
    const Fd listener = tcp(here4);
    ASSERT_EQ(bind_at(listener, here4, 8092), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    auto client = lab.there([] {
        const Fd s = tcp(here4);
        const int user_timeout = 300, syns = 1;
        setsockopt(s.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
        setsockopt(s.get(), IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof syns);
        return connect_to(s, here4, 8092) == ETIMEDOUT ? 0 : 1;
    });
    EXPECT_EQ(client.wait(), 0);
    const auto found = changes();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().change, Impact::Change::allows);
    EXPECT_EQ(found.front().connection.direction, inbound);
}

TEST_F(Staged, NothingIsLeftOfWhatIsStagedNoMore) {
    lab.policy_and_staged(Mode::full, {{.protocol = 17, .port = 99}}, {});
    EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
    EXPECT_EQ(changes().size(), 1U);
    lab.policy(Mode::full, {{.protocol = 17, .port = 99}});
    EXPECT_TRUE(lab.impacts().empty());
    EXPECT_EQ(send_to(udp(there4), there4, 99), 0);
    EXPECT_TRUE(lab.impacts().empty());
}

} // namespace
} // namespace ringwall::test
