// Every verdict class and protocol through the real programs, by BPF_PROG_TEST_RUN.
#include <gtest/gtest.h>

#include "tests/bpf/lab.h"
#include "tests/bpf/packet.h"

namespace ringwall::test {
namespace {

using loader::Mode;
using enum loader::Direction;

class Verdict : public testing::Test {
  protected:
    Lab& lab = Lab::the();

    void SetUp() override { lab.clear_selectors(); }
    bool in(const Bytes& packet) { return lab.run(inbound, packet); }
    bool out(const Bytes& packet) { return lab.run(outbound, packet); }
    Bytes syn_from(const char* peer, std::uint16_t port) {
        return ip4({peer, here4, 6}, tcp(40000, port, syn));
    }
    Bytes datagram_from(const char* peer, std::uint16_t port) {
        return ip4({peer, here4, 17}, udp(40000, port));
    }
    Bytes syn_to(const char* peer, std::uint16_t port) {
        return ip4({here4, peer, 6}, tcp(40000, port, syn));
    }
};

Says may(loader::Direction d, std::uint16_t port, std::uint8_t protocol = 6) {
    return {Says::allow, d, protocol, port};
}

TEST_F(Verdict, FullModePassesWhatARuleAllowsAndNothingElse) {
    lab.policy(Mode::full, {may(inbound, 8080), may(outbound, 53)});
    EXPECT_TRUE(in(syn_from(there4, 8080)));
    EXPECT_FALSE(in(syn_from(there4, 8081)));
    EXPECT_FALSE(in(syn_from(stranger4, 8080)));
    EXPECT_TRUE(out(syn_to(there4, 53)));
    EXPECT_FALSE(out(syn_to(there4, 8080)));
    EXPECT_FALSE(out(syn_to(stranger4, 53)));
}

TEST_F(Verdict, VisibilityPassesEverythingAndSaysWhatItWouldBlock) {
    lab.policy(Mode::visibility, {may(inbound, 8080, 17)});
    EXPECT_TRUE(in(datagram_from(there4, 8080)));
    EXPECT_TRUE(in(datagram_from(there4, 9)));
    const auto events = lab.events();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].verdict, loader::Verdict::allowed);
    EXPECT_EQ(events[1].verdict, loader::Verdict::would_block);
    EXPECT_STREQ(loader::reason_name(events[1].reason), "no-rule");
    EXPECT_EQ(events[1].local_port, 9);
    EXPECT_EQ(events[1].peer.text(), there4);
    EXPECT_EQ(events[1].direction, inbound);
}

TEST_F(Verdict, SelectiveBlocksOnlyWhatADenyNames) {
    lab.policy(Mode::selective, {{Says::deny, inbound, 17, 23}, may(inbound, 80, 17)});
    EXPECT_FALSE(in(datagram_from(there4, 23)));
    EXPECT_TRUE(in(datagram_from(there4, 80)));
    EXPECT_TRUE(in(datagram_from(there4, 81)));
    const auto events = lab.events();
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].kind, loader::EventKind::deny);
    EXPECT_EQ(events[2].verdict, loader::Verdict::unmatched);
}

TEST_F(Verdict, IdleLooksAtNothing) {
    lab.policy(Mode::idle, {{Says::override_deny, inbound, 6, 80}});
    EXPECT_TRUE(in(syn_from(there4, 80)));
    EXPECT_TRUE(lab.events().empty());
}

TEST_F(Verdict, OverrideDenyBeatsAllowBeatsDeny) {
    lab.policy(Mode::full, {{Says::override_deny, inbound, 6, 1},
                            may(inbound, 1),
                            {Says::deny, inbound, 6, 2},
                            may(inbound, 2),
                            {Says::failsafe, inbound, 6, 3},
                            {Says::override_deny, inbound, 6, 3}});
    EXPECT_FALSE(in(syn_from(there4, 1)));
    EXPECT_TRUE(in(syn_from(there4, 2)));
    EXPECT_TRUE(in(syn_from(there4, 3)));
}

TEST_F(Verdict, TheLongestPortPrefixAnswers) {
    lab.policy(Mode::full,
               {{Says::allow, inbound, 6, 8192, 3}, {Says::deny, inbound, 6, 8192, 16}});
    EXPECT_FALSE(in(syn_from(there4, 8192)));
    EXPECT_TRUE(in(syn_from(there4, 8193)));
    EXPECT_TRUE(in(syn_from(there4, 16383)));
    EXPECT_FALSE(in(syn_from(there4, 16384)));
}

TEST_F(Verdict, AnyProtocolCoversWhatHasNoPorts) {
    Says all{.action = Says::allow, .direction = inbound, .any_protocol = true};
    lab.policy(Mode::full, {all});
    EXPECT_TRUE(in(syn_from(there4, 1)));
    EXPECT_TRUE(in(ip4({there4, here4, 47}, Bytes(8, 0)))); // GRE
    EXPECT_TRUE(in(ip4({there4, here4, 17}, udp(1, 2))));
    EXPECT_FALSE(in(ip4({stranger4, here4, 47}, Bytes(8, 0))));
    EXPECT_FALSE(out(syn_to(there4, 1)));
}

TEST_F(Verdict, UnknownPeersGetTheRulesForAnyone) {
    lab.policy(Mode::full, {may(inbound, 22)}, {may(inbound, 443)});
    EXPECT_TRUE(in(syn_from(stranger4, 443)));
    EXPECT_FALSE(in(syn_from(stranger4, 22)));
}

struct Protocol {
    const char* name;
    std::uint8_t number;
    Bytes payload; // to port 5000
};

class EveryProtocol : public Verdict, public testing::WithParamInterface<int> {};

TEST_F(Verdict, EveryProtocolWithPortsIsJudgedByPort) {
    const Protocol protocols[] = {{"tcp", 6, tcp(1, 5000, syn)},
                                  {"udp", 17, udp(1, 5000)},
                                  {"udplite", 136, udp(1, 5000)},
                                  {"sctp", 132, udp(1, 5000) + Bytes(4, 0)}};
    for (const auto& p : protocols) {
        lab.policy(Mode::full, {may(inbound, 5000, p.number)});
        EXPECT_TRUE(in(ip4({there4, here4, p.number}, p.payload))) << p.name;
        EXPECT_TRUE(in(ip6({there6, here6, p.number}, p.payload))) << p.name << " over IPv6";
        lab.policy(Mode::full, {may(inbound, 5001, p.number)});
        EXPECT_FALSE(in(ip4({there4, here4, p.number}, p.payload))) << p.name;
        EXPECT_FALSE(in(ip6({there6, here6, p.number}, p.payload))) << p.name << " over IPv6";
    }
}

TEST_F(Verdict, IcmpIsJudgedByTypeAndCode) {
    lab.policy(Mode::full,
               {{Says::allow, inbound, 1, 8 << 8, 8}, {Says::allow, inbound, 58, 128 << 8, 16}});
    EXPECT_TRUE(in(ip4({there4, here4, 1}, icmp(8, 0))));
    EXPECT_TRUE(in(ip4({there4, here4, 1}, icmp(8, 7))));
    EXPECT_FALSE(in(ip4({there4, here4, 1}, icmp(13, 0))));
    EXPECT_TRUE(in(ip6({there6, here6, 58}, icmp(128, 0))));
    EXPECT_FALSE(in(ip6({there6, here6, 58}, icmp(128, 1))));
    EXPECT_FALSE(in(ip4({stranger4, here4, 1}, icmp(8, 0))));
}

TEST_F(Verdict, AProtocolWithoutPortsMatchesByNumber) {
    lab.policy(Mode::full, {{Says::allow, inbound, 47, 0, 0}});
    EXPECT_TRUE(in(ip4({there4, here4, 47}, Bytes(8, 0))));
    EXPECT_TRUE(in(ip6({there6, here6, 47}, Bytes(8, 0))));
    EXPECT_FALSE(in(ip4({there4, here4, 50}, Bytes(8, 0))));
}

TEST_F(Verdict, IpOptionsAndExtensionHeadersHideNoPort) {
    lab.policy(Mode::full, {may(inbound, 80)});
    EXPECT_TRUE(in(ip4({there4, here4, 6, 0, Bytes(8, 1)}, tcp(1, 80, syn))));
    EXPECT_FALSE(in(ip4({there4, here4, 6, 0, Bytes(8, 1)}, tcp(1, 81, syn))));
    const Bytes hops_then_options = extension(60) + extension(6, 1);
    EXPECT_TRUE(in(ip6({there6, here6, 0}, hops_then_options + tcp(1, 80, syn))));
    EXPECT_FALSE(in(ip6({there6, here6, 0}, hops_then_options + tcp(1, 81, syn))));
}

TEST_F(Verdict, ALaterFragmentMatchesOnlyARuleForAllPorts) {
    lab.policy(Mode::full, {may(inbound, 80)});
    EXPECT_TRUE(in(ip4({there4, here4, 6, 0x2000}, tcp(1, 80, syn)))) << "the first one has ports";
    EXPECT_FALSE(in(ip4({there4, here4, 6, 100}, Bytes(32, 80))));
    EXPECT_FALSE(in(ip6({there6, here6, 44}, fragment6(6, 100) + Bytes(32, 80))));
    lab.policy(Mode::full, {{Says::allow, inbound, 6, 0, 0}});
    EXPECT_TRUE(in(ip4({there4, here4, 6, 100}, Bytes(32, 80))));
    EXPECT_TRUE(in(ip6({there6, here6, 44}, fragment6(6, 100) + Bytes(32, 80))));
}

TEST_F(Verdict, EssentialTrafficPassesAnyPolicy) {
    Says nothing{.action = Says::override_deny, .direction = inbound, .any_protocol = true};
    Says no_more = nothing;
    no_more.direction = outbound;
    lab.policy(Mode::full, {nothing, no_more}, {nothing, no_more});
    EXPECT_TRUE(lab.run(inbound, syn_from(stranger4, 1), 1)) << "loopback";
    for (std::uint8_t type = 133; type <= 137; ++type)
        EXPECT_TRUE(in(ip6({there6, here6, 58, 255}, icmp(type, 0)))) << "neighbour discovery";
    EXPECT_FALSE(in(ip6({there6, here6, 58, 64}, icmp(135, 0)))) << "not from this link";
    EXPECT_TRUE(in(ip6({there6, here6, 58, 1}, icmp(130, 0)))) << "MLD";
    EXPECT_TRUE(out(ip4({here4, "224.0.0.22", 2, 0, {}, 1}, Bytes(8, 0)))) << "IGMP";
    EXPECT_TRUE(out(ip4({"0.0.0.0", "255.255.255.255", 17}, udp(68, 67)))) << "DHCP";
    EXPECT_TRUE(in(ip4({stranger4, here4, 17}, udp(67, 68)))) << "DHCP";
    EXPECT_TRUE(out(ip6({here6, "ff02::1:2", 17}, udp(546, 547)))) << "DHCPv6";
    EXPECT_FALSE(out(ip4({here4, stranger4, 17}, udp(67, 68)))) << "a DHCP server is not essential";
}

struct Broken {
    const char* what;
    Bytes packet;
};

TEST_F(Verdict, MalformedPacketsAreDeniedAndCounted) {
    Says everything{.action = Says::allow, .direction = inbound, .any_protocol = true};
    lab.policy(Mode::full, {everything}, {everything});
    auto short_header = ip4({there4, here4, 6}, tcp(1, 80, syn));
    short_header[0] = 0x44;
    auto wrong_version = ip4({there4, here4, 6}, tcp(1, 80, syn));
    wrong_version[0] = 0x55;
    auto total_length = ip4({there4, here4, 6}, tcp(1, 80, syn));
    total_length[2] = 0;
    total_length[3] = 10;
    auto tcp_offset = ip4({there4, here4, 6}, tcp(1, 80, syn));
    tcp_offset[32] = 4 << 4;
    Bytes too_deep;
    for (int i = 0; i < 9; ++i)
        too_deep = too_deep + extension(60);
    const Broken packets[] = {
        {"IPv4 header shorter than a header", short_header},
        {"wrong version", wrong_version},
        {"total length below the header", total_length},
        {"TCP header shorter than a header", tcp_offset},
        {"more extension headers than honest packets have", ip6({there6, here6, 60}, too_deep)},
        {"extension header beyond the packet", ip6({there6, here6, 60}, extension(6, 200))},
        {"a mapped address on the wire", ip6({"::ffff:10.99.0.2", here6, 6}, tcp(1, 80, syn))},
    };
    const auto before = lab.datapath().counters().reasons["malformed"];
    std::uint64_t count = 0;
    for (const auto& p : packets) {
        EXPECT_FALSE(in(p.packet)) << p.what;
        EXPECT_EQ(lab.datapath().counters().reasons["malformed"], before + ++count) << p.what;
    }
}

TEST_F(Verdict, RandomBytesNeverPassAFullPolicyAndNeverBreakAnything) {
    lab.policy(Mode::full, {});
    std::uint32_t state = 12345;
    for (int i = 0; i < 5000; ++i) {
        Bytes packet(20 + i % 60);
        for (auto& b : packet)
            b = (state = state * 1664525 + 1013904223) >> 24;
        packet[0] = i % 2 ? 0x45 : 0x60;
        const bool essential =
            (packet[0] == 0x45 && packet[9] == 2) || packet[9] == 17 || packet[6] == 17;
        if (!essential) {
            EXPECT_FALSE(in(packet)) << "packet " << i;
        }
    }
}

TEST_F(Verdict, RepeatedDeniesAreFoldedAndAccountedFor) {
    lab.policy(Mode::full, {});
    const auto before = lab.datapath().counters();
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(in(syn_from(there4, 25)));
    const auto events = lab.events();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].count, 1u);
    std::uint64_t folded = 0;
    lab.datapath().drain_folds([&](const loader::Event& e) {
        folded += e.count;
        EXPECT_EQ(e.local_port, 25);
        EXPECT_EQ(e.peer.text(), there4);
    });
    EXPECT_EQ(folded, 99u);
    auto after = lab.datapath().counters();
    const auto grew = [&](auto member, const char* kind) {
        auto was = before.*member;
        return (after.*member)[kind] - was[kind];
    };
    EXPECT_EQ(grew(&loader::Counters::offered, "deny"), 100u);
    EXPECT_EQ(grew(&loader::Counters::submitted, "deny"), 1u);
    EXPECT_EQ(grew(&loader::Counters::folded, "deny"), 99u);
    EXPECT_EQ(grew(&loader::Counters::lost, "deny"), 0u);
}

TEST_F(Verdict, WhatTheRingCannotTakeIsCountedAsLost) {
    lab.policy(Mode::visibility, {});
    const auto before = lab.datapath().counters();
    for (int i = 0; i < 60'000; ++i) // more than the ring holds
        lab.run(inbound, datagram_from(there4, static_cast<std::uint16_t>(i + 1)));
    const auto drained = lab.events().size();
    auto after = lab.datapath().counters();
    auto offered = before.offered, submitted = before.submitted, lost = before.lost;
    EXPECT_EQ(after.offered["start"] - offered["start"], 60'000u);
    EXPECT_GT(after.lost["start"] - lost["start"], 0u);
    EXPECT_EQ(after.submitted["start"] - submitted["start"] + after.lost["start"] - lost["start"],
              60'000u);
    EXPECT_EQ(after.submitted["start"] - submitted["start"], drained);
}

TEST_F(Verdict, PausingLetsEverythingPassUntilTheKernelsClockSaysSo) {
    lab.policy(Mode::full, {});
    EXPECT_FALSE(in(syn_from(there4, 80)));
    ASSERT_TRUE(lab.datapath().pause_until(~0ull >> 1));
    EXPECT_TRUE(in(syn_from(there4, 80)));
    ASSERT_TRUE(lab.datapath().pause_until(1)); // long past
    EXPECT_FALSE(in(syn_from(there4, 80)));
    ASSERT_TRUE(lab.datapath().pause_until(0));
}

} // namespace
} // namespace ringwall::test
