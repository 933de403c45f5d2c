#include "agent/options.h"

#include <gtest/gtest.h>

#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

std::string complaint(std::string_view text) {
    Options options;
    const auto applied = apply_config(text, "agent.yaml", options);
    return applied ? "accepted" : applied.error().message;
}

TEST(Config, HasTheNamesOfTheCommandLine) {
    Options options;
    ASSERT_TRUE(apply_config("policy: /etc/ringwall/policy\n"
                             "as: app-uk-1\n"
                             "on-stop: detach\n"
                             "mode: visibility\n"
                             "loopback-events: true\n"
                             "metrics-listen: '[::1]:9464'\n"
                             "service-range: [10.96.0.0/12, 'fd00::/108']\n"
                             "failsafe:\n"
                             "- in tcp 22 10.0.0.0/8 192.0.2.1\n"
                             "- out udp 53\n"
                             "limit-peers: 5000\n"
                             "ring-bytes: 1048576\n",
                             "agent.yaml", options));
    EXPECT_EQ(options.policy, "/etc/ringwall/policy");
    EXPECT_EQ(options.as, "app-uk-1");
    EXPECT_EQ(options.on_stop, OnStop::detach);
    EXPECT_EQ(options.mode, model::Mode::visibility);
    EXPECT_TRUE(options.loopback_events);
    EXPECT_EQ(options.service_ranges.size(), 2u);
    EXPECT_EQ(options.limits.peers, 5000u);
    EXPECT_EQ(options.limits.ring_bytes, 1u << 20);
    ASSERT_EQ(options.failsafe.size(), 2u);
    EXPECT_TRUE(options.failsafe[0].inbound);
    EXPECT_EQ(options.failsafe[0].peers.size(), 2u);
    EXPECT_EQ(options.failsafe[0].first_port, 22);
    EXPECT_FALSE(options.failsafe[1].inbound);
    EXPECT_EQ(options.failsafe[1].protocol, 17);
    EXPECT_TRUE(options.failsafe[1].peers.empty());
}

TEST(Config, AnEmptyFileSetsNothing) {
    EXPECT_EQ(complaint(""), "accepted");
    EXPECT_EQ(complaint("# nothing\n"), "accepted");
}

TEST(Config, EveryMistakeHasItsPlaceAndItsCure) {
    EXPECT_EQ(complaint("policy: x\npolcy: y\n").find("agent.yaml:2:1: unknown setting 'polcy'"),
              0u);
    EXPECT_EQ(complaint("as: a\nas: b\n").find("agent.yaml:2:1: 'as' is set twice"), 0u);
    EXPECT_EQ(complaint("mode: strict\n").find("agent.yaml:1:7: 'strict'"), 0u);
    EXPECT_NE(complaint("mode: strict\n").find("idle, visibility, selective or full"),
              std::string::npos);
    EXPECT_NE(complaint("on-stop: never\n").find("keep or detach"), std::string::npos);
    EXPECT_NE(complaint("policy: [a, b]\n").find("one value"), std::string::npos);
    EXPECT_NE(complaint("service-range: [10.0.0.1/8]\n").find("10.96.0.0/12"), std::string::npos);
    EXPECT_NE(complaint("metrics-listen: 9464\n").find("127.0.0.1:9464"), std::string::npos);
    EXPECT_NE(complaint("ring-bytes: 1000000\n").find("power of two"), std::string::npos);
    EXPECT_NE(complaint("limit-peers: 0\n").find("from 16"), std::string::npos);
    EXPECT_NE(complaint("loopback-events: maybe\n").find("true or false"), std::string::npos);
    EXPECT_NE(complaint("a: [\n").find("not valid YAML"), std::string::npos);
    EXPECT_NE(complaint("- policy\n").find("name: value"), std::string::npos);
}

TEST(Config, AMissingFileIsASentence) {
    Options options;
    const auto read = read_config("/no/such/agent.yaml", options);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, OptionsErrc::unreadable);
}

TEST(Failsafe, SaysDirectionProtocolPortsAndPeers) {
    const auto range = parse_failsafe("in udp 6000-6100");
    ASSERT_TRUE(range);
    EXPECT_EQ(range->first_port, 6000);
    EXPECT_EQ(range->last_port, 6100);
    const auto ping = parse_failsafe("in icmp 10.0.0.0/8");
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->protocol, 1);
    EXPECT_EQ(ping->first_port, 0);
    EXPECT_EQ(ping->last_port, 65535);
    EXPECT_FALSE(parse_failsafe("out any 192.0.2.1")->protocol);
    for (auto wrong : {"", "in", "both tcp 22", "in tcp 22-21", "in tcp 0", "in tcp 22 23",
                       "in any 22", "in tcp 10.0.0.1/8"})
        EXPECT_FALSE(parse_failsafe(wrong)) << wrong;
}

TEST(Options, NeedOneSourceOfPolicy) {
    Options options;
    EXPECT_FALSE(check(options));
    options.policy = "p";
    EXPECT_NE(check(options).error().message.find("--as"), std::string::npos);
    options.as = "w";
    EXPECT_TRUE(check(options));
    options.snapshot = "s";
    EXPECT_NE(check(options).error().message.find("not both"), std::string::npos);
    options.policy.clear();
    EXPECT_FALSE(check(options));
    options.as.clear();
    EXPECT_TRUE(check(options));
}

TEST(Options, EverySettingExplainsItself) {
    for (const auto& setting : settings()) {
        EXPECT_FALSE(setting.help.empty()) << setting.name;
        EXPECT_FALSE(setting.value.empty()) << setting.name;
        EXPECT_EQ(setting.name.find('_'), setting.name.npos) << setting.name;
    }
}

} // namespace
} // namespace ringwall::agent
