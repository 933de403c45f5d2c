#include "agent/flow_text.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "common/protocol.h"
#include "tests/unit/flows_fixture.h"

namespace ringwall::agent {
namespace {

using namespace testing;

boost::json::object parsed(const loader::Event& event, const Names& names) {
    FlowTable table(4);
    std::string line;
    append_json(line, table.observe(event, names, wall));
    EXPECT_EQ(line.find('\n'), line.npos);
    return boost::json::parse(line).as_object();
}

TEST(FlowJson, SaysWhoTalksToWhomAsWhatAndWhy) {
    auto event = connection();
    event.in_bytes = 120;
    event.out_bytes = 4096;
    event.in_packets = 2;
    event.out_packets = 5;
    const auto json = parsed(event, World());
    EXPECT_EQ(json.at("kind"), "start");
    EXPECT_EQ(json.at("verdict"), "allowed");
    EXPECT_EQ(json.at("rules").at(0), "payments/web-to-app");
    EXPECT_EQ(json.at("protocol"), "tcp");
    EXPECT_EQ(json.at("port"), 8080);
    EXPECT_EQ(json.at("time"), "2023-11-14T22:13:25.000000Z");
    const auto& source = json.at("source").as_object();
    EXPECT_EQ(source.at("address"), "10.0.0.1");
    EXPECT_EQ(source.at("context"), "Web Server, Payments, Production, UK");
    EXPECT_FALSE(source.contains("process")); // the peer's process is not known here
    const auto& destination = json.at("destination").as_object();
    EXPECT_EQ(destination.at("workload"), "app-uk-1");
    EXPECT_EQ(destination.at("labels").at("role"), "App Server");
    EXPECT_EQ(destination.at("process").at("shown"), "tomcat10.service");
    EXPECT_EQ(destination.at("process").at("path"), "/usr/lib/jvm/java-17/bin/java");
    EXPECT_EQ(destination.at("process").at("user"), "tomcat");
    EXPECT_EQ(json.at("bytes").at("to_destination"), 120);
    EXPECT_EQ(json.at("bytes").at("to_source"), 4096);
    EXPECT_EQ(json.at("packets").at("to_source"), 5);
    EXPECT_EQ(json.at("cookie"), "77"); // may be above 2^53: text
}

TEST(FlowJson, ADenySaysHowManyAttemptsItStandsFor) {
    auto event = refusal();
    event.count = 17;
    event.refused = true;
    const auto json = parsed(event, World());
    EXPECT_EQ(json.at("count"), 17);
    EXPECT_EQ(json.at("total"), 17);
    EXPECT_EQ(json.at("refused"), true);
    EXPECT_EQ(json.at("destination").at("process").at("deleted"), true);
}

TEST(FlowJson, IcmpHasATypeAndNoPort) {
    auto event = connection();
    event.protocol = 1;
    event.peer_port = 8 << 8;
    const auto json = parsed(event, World());
    EXPECT_EQ(json.at("icmp").at("type"), 8);
    EXPECT_EQ(json.at("icmp").at("code"), 0);
    EXPECT_FALSE(json.contains("port"));
    EXPECT_FALSE(json.at("source").as_object().contains("port"));
}

class Hostile : public World {
  public:
    Program program(const loader::Event&) const override {
        return {"/tmp/a\"b\\c\nd\x01\xff\xfe", "/x\ty", "", "", "", false, {}};
    }
    Party peer(std::uint32_t, const Address&) const override {
        return {"w\"1", {{"role", "a\",\"verdict\":\"allowed"}}, {}, {}};
    }
};

TEST(FlowJson, NoNameCanBreakALineOrForgeAField) {
    const auto json = parsed(refusal(), Hostile());
    EXPECT_EQ(json.at("verdict"), "blocked");
    EXPECT_EQ(json.at("source").at("labels").at("role"), "a\",\"verdict\":\"allowed");
    EXPECT_EQ(json.at("destination").at("process").at("path"), "/tmp/a\"b\\c\nd\x01\\xff\\xfe");
}

TEST(Quoted, KeepsUtf8AndShowsOtherBytes) {
    EXPECT_EQ(quoted("M\xc3\xbcnchen"), "\"M\xc3\xbcnchen\"");
    EXPECT_EQ(quoted("\xc3"), "\"\\\\xc3\"");
    EXPECT_EQ(quoted("\xe2\x82"), "\"\\\\xe2\\\\x82\"");
    EXPECT_EQ(quoted("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
    // A surrogate, an overlong form, above the last code point.
    EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\\xed\\xa0\\x80")");
    EXPECT_EQ(quoted("\xe0\x9f\x80"), R"("\\xe0\\x9f\\x80")");
    EXPECT_EQ(quoted("\xf4\x90\x80\x80"), R"("\\xf4\\x90\\x80\\x80")");
}

TEST(Time, IsRoundedDownAndHasNoLimits) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(rfc3339(1'500'001'999), "1970-01-01T00:00:01.500001Z");
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(rfc3339(INT64_MIN), "1677-09-21T00:12:43.145224Z");
    EXPECT_EQ(rfc3339(INT64_MAX), "2262-04-11T23:47:16.854775Z");
}

TEST(Lost, IsTold) {
    EXPECT_EQ(lost_json(3, 4), R"({"lost":{"kernel":3,"reader":4}})");
}

TEST(FlowId, IsSixteenHexDigitsBothWays) {
    std::uint64_t id = 0;
    EXPECT_EQ(flow_id(0xabc), "0000000000000abc");
    EXPECT_TRUE(parse_flow_id("0000000000000abc", id));
    EXPECT_EQ(id, 0xabcu);
    for (auto wrong : {"", "abc", "0000000000000abg", "0000000000000abc0"})
        EXPECT_FALSE(parse_flow_id(wrong, id)) << wrong;
}

TEST(Protocol, HasANameOrANumber) {
    std::uint8_t protocol = 0;
    EXPECT_TRUE(parse_protocol("udp", protocol));
    EXPECT_EQ(protocol, 17);
    EXPECT_TRUE(parse_protocol("89", protocol));
    EXPECT_EQ(protocol_name(protocol), "89");
    EXPECT_FALSE(parse_protocol("tcpx", protocol));
    EXPECT_FALSE(parse_protocol("256", protocol));
    EXPECT_FALSE(parse_protocol("", protocol));
}

} // namespace
} // namespace ringwall::agent
