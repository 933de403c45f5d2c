#include "agent/filter.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/unit/flows_fixture.h"

namespace ringwall::agent {
namespace {

using namespace testing;

bool passes(const char* filter, const loader::Event& event = connection()) {
    World world;
    FlowTable table(4);
    const auto parsed = parse_filter(boost::json::parse(filter).as_object());
    if (!parsed)
        throw std::runtime_error(parsed.error().message);
    return parsed->matches(table.observe(event, world, wall));
}

TEST(Filter, WithoutFieldsTakesEverything) {
    EXPECT_TRUE(passes("{}"));
}

TEST(Filter, LabelsMustAllBeAtTheSameEnd) {
    EXPECT_TRUE(passes(R"({"label": ["role=App Server", "app=Payments"]})"));
    EXPECT_FALSE(passes(R"({"label": ["role=App Server", "role=Web Server"]})"));
}

TEST(Filter, FromAndToLookAtTheirOwnEnd) {
    EXPECT_TRUE(passes(R"({"from_label": "role=Web Server", "to_label": "role=App Server"})"));
    EXPECT_FALSE(passes(R"({"from_label": "role=App Server"})"));
}

TEST(Filter, AddressesAndNetworksLookAtBothEnds) {
    EXPECT_TRUE(passes(R"({"address": "10.0.0.1"})"));
    EXPECT_TRUE(passes(R"({"address": "10.0.1.0/24"})"));
    EXPECT_TRUE(passes(R"({"address": ["192.0.2.1", "10.0.1.5"]})"));
    EXPECT_FALSE(passes(R"({"address": "10.0.2.0/24"})"));
}

TEST(Filter, ThePortIsTheServices) {
    EXPECT_TRUE(passes(R"({"port": 8080})"));
    EXPECT_TRUE(passes(R"({"port": ["80", "8080"]})"));
    EXPECT_FALSE(passes(R"({"port": 40000})"));
}

TEST(Filter, AProcessIsKnownByAnyOfItsNames) {
    for (auto name : {"tomcat10.service", "java", "/usr/lib/jvm/java-17/bin/java",
                      "/system.slice/tomcat10.service"})
        EXPECT_TRUE(passes((std::string(R"({"process": ")") + name + "\"}").c_str())) << name;
    EXPECT_FALSE(passes(R"({"process": "httpd"})"));
}

TEST(Filter, VerdictUserRuleKindAndTime) {
    EXPECT_TRUE(passes(R"({"verdict": ["allowed", "blocked"], "user": "tomcat"})"));
    EXPECT_FALSE(passes(R"({"verdict": "blocked"})"));
    EXPECT_TRUE(passes(R"({"user": "101"})"));
    EXPECT_FALSE(passes(R"({"user": "root"})"));
    EXPECT_TRUE(passes(R"({"rule": "payments/web-to-app"})"));
    EXPECT_FALSE(passes(R"({"rule": "payments/other"})"));
    EXPECT_FALSE(passes(R"({"kind": ["deny", "end"]})"));
    EXPECT_TRUE(passes(R"({"since": 1700000005})"));
    EXPECT_FALSE(passes(R"({"since": 1700000006})"));
    EXPECT_FALSE(passes(R"({"direction": "outbound"})"));
    EXPECT_TRUE(passes(R"({"workload": "web-uk-1", "protocol": "tcp"})"));
}

std::string refusal_of(const char* filter) {
    const auto parsed = parse_filter(boost::json::parse(filter).as_object());
    return parsed ? "accepted" : parsed.error().message;
}

TEST(Filter, SaysWhatAWrongValueShouldLookLike) {
    EXPECT_NE(refusal_of(R"({"port": 0})").find("1 to 65535"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"label": "role"})").find("KEY=VALUE"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"address": "10.0.0.1/8"})").find("CIDR"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"verdict": "denied"})").find("would-block"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"ports": 80})").find("no filter 'ports'"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"user": {"a": 1}})").find("user"), std::string::npos);
    EXPECT_NE(refusal_of(R"({"since": -1})").find("since"), std::string::npos);
}

} // namespace
} // namespace ringwall::agent
