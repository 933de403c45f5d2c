// Which flows a filter means, asked through the store.
#include "tests/unit/flow_store_fixture.h"

namespace ringwall::flows {
namespace {

using namespace testing;
using Numbers = std::vector<std::uint64_t>;

// 1: curl on web-1 to app-1:8080, allowed. 2: the same arriving at app-1. 3: named on dns-1 over
// IPv6, blocked. 4: a container whose process and peer nobody knows, ICMP.
class FlowFilter : public ::testing::Test {
  protected:
    agent::testing::Scratch scratch_;
    std::unique_ptr<Store> store_ = open_at(scratch_.path("flows.db"));

    void SetUp() override {
        add("web-1", summary(1, noon + 1), web_to_app);

        auto in = summary(2, noon + 2);
        in.set_direction(v1::INBOUND);
        in.set_subject("app-1");
        in.set_local(packed({10, 0, 1, 7}));
        in.set_peer(packed({10, 0, 0, 1}));
        in.mutable_process()->set_path("/usr/lib/jvm/bin/java");
        in.mutable_process()->set_unit("tomcat10.service");
        add("app-1", in, web_to_app);

        auto dns = summary(3, noon + 3);
        dns.set_verdict(v1::BLOCKED);
        dns.set_protocol(17);
        dns.set_port(53);
        dns.set_subject("dns-1");
        dns.set_local(packed({0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}));
        dns.set_peer(packed({0xfd, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1}));
        dns.mutable_process()->set_path("/usr/sbin/named");
        dns.mutable_process()->set_name("named");
        add("dns-1", dns, {R"({"role":"DNS"})", R"({"role":"Web Server","app":"CRM"})"});

        auto ping = summary(4, noon + 4);
        ping.set_verdict(v1::WOULD_BLOCK);
        ping.set_protocol(1);
        ping.set_port(8 << 8);
        ping.set_subject("pod-1");
        ping.set_peer(packed({192, 0, 2, 9}));
        ping.clear_process();
        ping.mutable_process()->set_container("shop_cart");
        add("node-1", ping, {R"({"role":"\"quoted\", $[1]"})", "{}"});
    }

    void add(const std::string& agent, const v1::FlowSummary& one, const Labels& labels) {
        auto arrival = of(one, labels);
        arrival.agent = agent;
        must(append(*store_, arrival));
    }
    Numbers found(const Filter& filter) const { return numbers(*store_, filter); }
    static std::vector<Prefix> inside(const char* text) { return {Prefix::parse(text).value()}; }
};

TEST_F(FlowFilter, WithoutAnythingIsEverything) {
    EXPECT_EQ(found({}), (Numbers{4, 3, 2, 1}));
}

TEST_F(FlowFilter, LabelsOfTheSourceAndOfTheDestination) {
    EXPECT_EQ(found({.source = {{"role", "Web Server"}}}), (Numbers{2, 1}));
    EXPECT_EQ(found({.destination = {{"role", "Web Server"}}}), Numbers{3});
    EXPECT_EQ(found({.source = {{"role", "Web Server"}, {"app", "CRM"}}}), Numbers{});
    EXPECT_EQ(found({.labels = {{"role", "Web Server"}}}), (Numbers{3, 2, 1}));
    EXPECT_EQ(found({.labels = {{"role", "Web Server"}, {"env", "Production"}}}), Numbers{})
        << "both terms at the same end";
    EXPECT_EQ(found({.destination = {{"env", "Production", false}}}), (Numbers{4, 3}));
    EXPECT_EQ(found({.source = {{"role", R"("quoted", $[1])"}}}), Numbers{4});
}

TEST_F(FlowFilter, AddressesAndNetworksAtEitherEnd) {
    EXPECT_EQ(found({.addresses = inside("10.0.1.7")}), (Numbers{2, 1}));
    EXPECT_EQ(found({.addresses = inside("10.0.0.0/8")}), (Numbers{4, 2, 1}));
    EXPECT_EQ(found({.addresses = inside("fd00:0:0:2::/64")}), Numbers{3});
    EXPECT_EQ(found({.addresses = inside("::/0")}), Numbers{3}) << "IPv4 is no IPv6";
    EXPECT_EQ(found({.addresses = inside("192.0.2.0/24")}), Numbers{4});
}

TEST_F(FlowFilter, PortsProtocolsAndVerdictsAreAlternatives) {
    EXPECT_EQ(found({.ports = {53, 2048}}), (Numbers{4, 3}));
    EXPECT_EQ(found({.protocols = {6}}), (Numbers{2, 1}));
    EXPECT_EQ(found({.protocols = {6, 17}, .verdicts = {v1::BLOCKED}}), Numbers{3});
    EXPECT_EQ(found({.verdicts = {v1::BLOCKED, v1::WOULD_BLOCK}}), (Numbers{4, 3}));
}

TEST_F(FlowFilter, AProcessByAnyOfItsNames) {
    for (const auto* name : {"/usr/bin/curl", "curl", "shop.service", "/system.slice/shop.service"})
        EXPECT_EQ(found({.ports = {8080}, .processes = {name}}).back(), 1U) << name;
    EXPECT_EQ(found({.processes = {"java"}}), Numbers{2});
    EXPECT_EQ(found({.processes = {"tomcat10.service", "named"}}), (Numbers{3, 2}));
    EXPECT_EQ(found({.processes = {"shop_cart"}}), Numbers{4});
    EXPECT_EQ(found({.processes = {"cur"}}), Numbers{}) << "whole names only";
    EXPECT_EQ(found({.processes = {""}}), Numbers{});
}

TEST_F(FlowFilter, AgentsWorkloadsAndTimes) {
    EXPECT_EQ(found({.agents = {"app-1", "dns-1"}}), (Numbers{3, 2}));
    EXPECT_EQ(found({.workloads = {"pod-1"}}), Numbers{4});
    EXPECT_EQ(found({.since_ns = noon + 2, .until_ns = noon + 4}), (Numbers{3, 2}));
    EXPECT_EQ(found({.since_ns = noon + 5}), Numbers{});
    EXPECT_EQ(found({.until_ns = std::numeric_limits<std::int64_t>::min()}), Numbers{});
}

} // namespace
} // namespace ringwall::flows
