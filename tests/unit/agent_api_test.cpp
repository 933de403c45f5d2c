#include "agent/api.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace ringwall::agent {
namespace {

TEST(Api, StatusNeedsNothing) {
    const auto request = parse_request(R"({"do":"status"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->what, Request::Do::status);
}

TEST(Api, FlowsCarryAFilter) {
    const auto request =
        parse_request(R"({"do":"flows","follow":true,"last":20,"filter":{"verdict":"blocked"}})");
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->flows.follow);
    EXPECT_EQ(request->flows.last, 20u);
    ASSERT_EQ(request->flows.filter.verdicts.size(), 1u);
    EXPECT_EQ(request->flows.filter.verdicts[0], loader::Verdict::blocked);
}

TEST(Api, WhyTakesARecordedFlow) {
    const auto request = parse_request(R"({"do":"why","flow":"00000000000000ff"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->why.flow, 255u);
}

TEST(Api, WhyTakesAFlowThatMayNotHaveHappened) {
    const auto request = parse_request(
        R"({"do":"why","from":"10.0.0.1","to":"app-uk-1","protocol":"tcp","port":8080,"unit":"tomcat10.service"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->why.protocol, 6);
    EXPECT_EQ(request->why.port, 8080);
    EXPECT_FALSE(request->why.any_port);
    EXPECT_EQ(request->why.unit, "tomcat10.service");
}

TEST(Api, APauseHasAnEnd) {
    EXPECT_EQ(parse_request(R"({"do":"pause","seconds":600})")->pause_seconds, 600u);
    EXPECT_FALSE(parse_request(R"({"do":"pause"})"));
    EXPECT_FALSE(parse_request(R"({"do":"pause","seconds":0})"));
    EXPECT_FALSE(parse_request(R"({"do":"pause","seconds":86401})"));
}

class Refused : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Refused, WithASentenceThatNamesTheMistake) {
    const auto request = parse_request(GetParam().first);
    ASSERT_FALSE(request) << GetParam().first;
    EXPECT_EQ(request.error().code, ApiErrc::bad_request);
    EXPECT_NE(request.error().message.find(GetParam().second), std::string::npos)
        << request.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Api, Refused,
    ::testing::Values(std::pair{"", "one JSON object"}, std::pair{"[]", "one JSON object"},
                      std::pair{"{\"do\":", "one JSON object"}, std::pair{"{}", "'do' must be"},
                      std::pair{R"({"do":"explode"})", "'do' must be"},
                      std::pair{R"({"do":7})", "'do' must be"},
                      std::pair{R"({"do":"status","now":true})", "'now'"},
                      std::pair{R"({"do":"flows","follow":"yes"})", "true or false"},
                      std::pair{R"({"do":"flows","last":-1})", "'last'"},
                      std::pair{R"({"do":"flows","filter":{"pot":1}})", "no filter 'pot'"},
                      std::pair{R"({"do":"why","flow":"12"})", "16 hex digits"},
                      std::pair{R"({"do":"why","from":"a"})", "'why' needs"},
                      std::pair{R"({"do":"why","from":"a","to":"b","protocol":"x"})", "protocol"},
                      std::pair{R"({"do":"why","from":"a","to":"b","protocol":"tcp","port":70000})",
                                "65535"}));

TEST(Api, NestingBeyondReasonIsRefusedNotFollowed) {
    EXPECT_FALSE(parse_request(std::string(50'000, '[')));
}

TEST(Api, AnErrorIsOneLineOfJson) {
    const auto line = error_json({ApiErrc::not_found, "no \"such\"\nflow"});
    EXPECT_EQ(line.find('\n'), line.npos);
    const auto json = boost::json::parse(line);
    EXPECT_EQ(json.at("error"), "no \"such\"\nflow");
    EXPECT_EQ(json.at("code"), "not_found");
}

} // namespace
} // namespace ringwall::agent
