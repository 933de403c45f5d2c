// What is said of a flow that was blocked.
#include <gtest/gtest.h>

#include "control/alerts/flow_event.h"
#include "control/flows/row.h"

namespace ringwall::alerts {
namespace {

flows::Row row(v1::FlowVerdict verdict) {
    flows::Row out{.at_ns = 5, .agent = "host-1"};
    auto& summary = out.summary;
    summary.set_verdict(verdict);
    summary.set_reason("no rule");
    summary.set_direction(v1::OUTBOUND);
    summary.set_protocol(6);
    summary.set_port(5432);
    summary.set_subject("web-1");
    summary.set_local(std::string("\x0a\0\0\1", 4));
    summary.set_peer(std::string("\x0a\0\1\7", 4));
    summary.mutable_process()->set_path("/usr/bin/curl");
    out.labels = {R"({"role":"Web Server","app":"Shop"})", R"({"role":"Database"})"};
    return out;
}

TEST(FlowEvent, SaysWhoWasKeptFromWhat) {
    const auto event = flow_event(row(v1::BLOCKED)).value();
    EXPECT_EQ(event.kind, Kind::blocked);
    EXPECT_EQ(event.sentence, "/usr/bin/curl on web-1 (Web Server) was kept from 10.0.1.7 "
                              "(Database), tcp 5432: no rule");
    EXPECT_EQ(event.at_ns, 5);
    EXPECT_EQ(event.fields.at("source"), "Web Server");
    EXPECT_EQ(event.fields.at("destination"), "Database");
    EXPECT_EQ(event.fields.at("peer"), "10.0.1.7");
    EXPECT_EQ(event.fields.at("process"), "/usr/bin/curl");
    EXPECT_EQ(event.fields.at("rule"), "");
}

TEST(FlowEvent, OnTheWayInTheProcessIsTheDestinations) {
    auto in = row(v1::WOULD_BLOCK);
    in.summary.set_direction(v1::INBOUND);
    in.summary.set_peer(std::string("\xfd") + std::string(14, '\0') + "\2");
    in.labels = {"{}", R"({"role":"Web Server"})"};
    const auto event = flow_event(in).value();
    EXPECT_EQ(event.kind, Kind::would_block_new);
    EXPECT_EQ(event.sentence, "fd00::2 would be kept from /usr/bin/curl on web-1 (Web Server), "
                              "tcp 5432: no rule");
    EXPECT_EQ(event.fields.at("source"), "unknown");
    in.summary.add_peer_lists("internet");
    EXPECT_EQ(flow_event(in)->fields.at("source"), "internet");
}

TEST(FlowEvent, HostsOfOneRoleShareAKeyAndServicesDoNot) {
    const auto key = flow_event(row(v1::BLOCKED))->key;
    auto other = row(v1::BLOCKED);
    other.agent = "host-2";
    other.summary.set_subject("web-2");
    other.summary.set_peer(std::string("\x0a\0\1\x8", 4));
    EXPECT_EQ(flow_event(other)->key, key);
    other.summary.set_port(5433);
    EXPECT_NE(flow_event(other)->key, key);
    other = row(v1::BLOCKED);
    other.summary.mutable_process()->set_path("/usr/bin/wget");
    EXPECT_NE(flow_event(other)->key, key);
}

TEST(FlowEvent, OfAllowedFlowsNothing) {
    EXPECT_FALSE(flow_event(row(v1::ALLOWED)));
    EXPECT_FALSE(flow_event(row(v1::UNMATCHED)));
}

TEST(FlowEvent, BareSummariesAreNoTrouble) {
    flows::Row bare;
    bare.summary.set_verdict(v1::BLOCKED);
    bare.summary.set_protocol(1);
    bare.summary.set_port(8 << 8);
    bare.labels = {"no JSON", "[]"};
    EXPECT_EQ(flow_event(bare)->sentence,
              " was kept from an unknown address, icmp type 8 code 0: no reason given");
}

} // namespace
} // namespace ringwall::alerts
