// What status, metrics and settings say about the controller.
#include "agent/controller_state.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "agent/options.h"
#include "agent/paired.h"
#include "tests/unit/agent_link_world.h"

namespace ringwall::agent {
namespace {

ControllerState disturbed() {
    ControllerState state{.agent = "app-uk-1"};
    state.link.session = SessionState::waiting;
    state.link.endpoint = "10.0.0.1:8443";
    state.link.trouble = "10.0.0.1:8443 cannot be reached: Connection refused";
    state.link.policy.set_version(7);
    state.link.confirm_by_ns = 1'800'000'000'000'000'000;
    state.link.stats.connections = 3;
    state.version = 42;
    state.spool.held = 12;
    state.spool.lost = 4;
    state.summaries.lost = 1;
    state.certificate_expires_ns = 1'800'000'000'000'000'000;
    return state;
}

TEST(ControllerState, SaysWhatIsWrongAndWhatWaits) {
    const auto status = to_json(disturbed());
    EXPECT_EQ(status.at("session").as_string(), "waiting");
    EXPECT_EQ(status.at("trouble").as_string(),
              "10.0.0.1:8443 cannot be reached: Connection refused");
    const auto& policy = status.at("policy").as_object();
    EXPECT_EQ(policy.at("version").to_number<int>(), 42) << "the number people know";
    EXPECT_EQ(policy.at("release").to_number<int>(), 7);
    EXPECT_EQ(policy.at("confirm_by").as_string(), "2027-01-15T08:00:00.000000Z");
    EXPECT_EQ(status.at("spool").at("lost").to_number<int>(), 5) << "in the spool and before it";
    EXPECT_EQ(status.at("certificate").at("expires").as_string(), "2027-01-15T08:00:00.000000Z");
    EXPECT_TRUE(to_json({}).at("trouble").is_null());
    EXPECT_TRUE(to_json({}).at("policy").at("confirm_by").is_null());
}

TEST(ControllerState, HasItsNumbersAmongTheMetrics) {
    MetricInput input;
    EXPECT_EQ(metrics_text(input).find("ringwall_agent_controller"), std::string::npos)
        << "files have none";
    input.controller = numbers_of(disturbed());
    const auto text = metrics_text(input);
    for (const auto* line :
         {"ringwall_agent_controller_connected 0\n",
          "ringwall_agent_controller_connections_total 3\n",
          "ringwall_agent_policy_unconfirmed 1\n", "ringwall_agent_spool_summaries 12\n",
          "ringwall_agent_flow_summaries_total{result=\"lost\"} 5\n",
          "ringwall_agent_certificate_expires_timestamp_seconds 1800000000\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    auto live = disturbed();
    live.link.session = SessionState::live;
    input.controller = numbers_of(live);
    EXPECT_NE(metrics_text(input).find("ringwall_agent_controller_connected 1\n"),
              std::string::npos);
}

TEST(ControllerSetting, StandsAlone) {
    Options options;
    EXPECT_NE(check(options).error().message.find("ringwall-agent pair"), std::string::npos);
    options.controller = true;
    EXPECT_TRUE(check(options));
    options.snapshot = "x.rw";
    EXPECT_NE(check(options).error().message.find("not both"), std::string::npos);
}

TEST(WayToTheController, IsOpenAtEveryAddressThatIsKnown) {
    const link_test::Keys keys;
    auto credentials = keys.credentials("app-uk-1", 8443);
    credentials.endpoints = {{"10.0.0.1", 8443}, {"ringwall.example", 443}};
    credentials.addresses = {Address::parse("192.0.2.7").value()};
    const auto way = way_to_controller(credentials);
    ASSERT_EQ(way.size(), 2u);
    EXPECT_FALSE(way[0].inbound);
    EXPECT_EQ(way[0].protocol, 6);
    EXPECT_EQ(way[0].first_port, 8443);
    EXPECT_EQ(way[1].last_port, 443);
    ASSERT_EQ(way[1].peers.size(), 2u);
    EXPECT_EQ(way[1].peers[0].text(), "192.0.2.7");
    EXPECT_EQ(way[1].peers[1].text(), "10.0.0.1");
}

TEST(Paired, OpensWhatPairingLeftAndNothingElse) {
    const testing::Scratch scratch;
    const link_test::Keys keys;
    const auto unpaired = Paired::open(scratch.path("state"));
    ASSERT_FALSE(unpaired);
    EXPECT_NE(unpaired.error().find("ringwall-agent pair LINE"), std::string::npos);
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys.credentials("app-uk-1", 8443)));
    std::uint64_t epoch = 0, stream = 0;
    for (int start = 0; start < 2; ++start) {
        const auto paired = Paired::open(scratch.path("state"));
        ASSERT_TRUE(paired) << paired.error();
        EXPECT_GT((*paired)->held.epoch(), epoch);
        epoch = (*paired)->held.epoch();
        EXPECT_TRUE(start == 0 || (*paired)->spool.stream() == stream);
        stream = (*paired)->spool.stream();
    }
}

} // namespace
} // namespace ringwall::agent
