// A stored summary in the words of the API.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "control/app/flow_json.h"

namespace ringwall::app {
namespace {

flows::Row row(v1::Direction direction) {
    flows::Row out;
    out.id = 7;
    auto& summary = out.summary;
    summary.set_direction(direction);
    summary.set_verdict(v1::WOULD_BLOCK);
    summary.set_reason("no-rule");
    summary.set_protocol(6);
    summary.set_port(8080);
    summary.set_subject("app-1");
    summary.set_local(std::string("\x0a\x00\x01\x05", 4));
    summary.set_peer(std::string("\x0a\x00\x00\x01", 4));
    summary.mutable_process()->set_path("/usr/bin/java");
    summary.mutable_process()->set_name("java");
    summary.mutable_process()->set_unit("tomcat10.service");
    summary.set_bytes_sent(10);
    summary.set_bytes_received(3);
    out.labels = {R"({"role":"Web","app":"Payments"})", R"({"role":"App"})"};
    return out;
}

TEST(AppFlowJson, PutsTheSubjectAtItsEnd) {
    const auto flow = to_json(row(v1::INBOUND), "web-1");
    const auto& source = flow.at("source").as_object();
    const auto& destination = flow.at("destination").as_object();
    EXPECT_EQ(source.at("address").as_string(), "10.0.0.1");
    EXPECT_EQ(source.at("workload").as_string(), "web-1");
    EXPECT_EQ(source.at("context").as_string(), "Web, Payments");
    EXPECT_FALSE(source.contains("process"));
    EXPECT_EQ(destination.at("workload").as_string(), "app-1");
    EXPECT_EQ(destination.at("process").at("shown").as_string(), "tomcat10.service");
    EXPECT_EQ(flow.at("bytes").at("to_destination").to_number<int>(), 3);
    EXPECT_EQ(flow.at("verdict").as_string(), "would-block");
    EXPECT_EQ(flow.at("port").to_number<int>(), 8080);
    EXPECT_EQ(flow.at("count").to_number<int>(), 1);

    const auto outward = to_json(row(v1::OUTBOUND), "");
    EXPECT_EQ(outward.at("source").at("workload").as_string(), "app-1");
    EXPECT_FALSE(outward.at("destination").as_object().contains("workload"));
    EXPECT_EQ(outward.at("bytes").at("to_destination").to_number<int>(), 10);
}

TEST(AppFlowJson, KnowsIcmpAndSurvivesWhatIsDamaged) {
    auto damaged = row(v1::INBOUND);
    damaged.summary.set_protocol(1);
    damaged.summary.set_port(8 << 8);
    damaged.summary.set_peer("xyz");
    damaged.labels.source = "{";
    const auto flow = to_json(damaged, "");
    EXPECT_EQ(flow.at("icmp").at("type").to_number<int>(), 8);
    EXPECT_FALSE(flow.contains("port"));
    EXPECT_EQ(flow.at("source").at("address").as_string(), "unknown");
    EXPECT_FALSE(flow.at("source").as_object().contains("labels"));
}

} // namespace
} // namespace ringwall::app
