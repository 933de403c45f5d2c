// Events and flows, as pages and as streams.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiStreams : public ApiTest {
  protected:
    std::shared_ptr<Reader> follow(const std::string& target, const Headers& headers = {}) {
        const auto answer = get(target, headers);
        EXPECT_EQ(answer.status, 200U) << answer.body;
        EXPECT_EQ(answer.headers.at("Content-Type"), "text/event-stream");
        auto reader = std::make_shared<Reader>();
        if (answer.stream)
            answer.stream(reader);
        return reader;
    }
    Answer put_web(const std::string& name, const std::string& labels, const std::string& address) {
        return put("/workloads/" + name, workload(name, labels, address));
    }
    std::string flow(const std::string& id, const std::string& from, const std::string& to,
                     const std::string& verdict = "blocked", int port = 8080) {
        return fmt::format(
            R"({{"id":"{}","started":"2027-01-15T08:00:00.000Z","time":"2027-01-15T08:00:0{}.000Z","count":1,"verdict":"{}",)"
            R"("reason":"no-rule","rules":[],"policy_version":1,"direction":"inbound","protocol":"tcp","port":{},)"
            R"("source":{{"address":"10.0.0.1","workload":"{}","labels":{{"app":"{}"}}}},)"
            R"("destination":{{"address":"10.0.0.2","workload":"d","labels":{{"app":"{}"}},)"
            R"("process":{{"shown":"tomcat10.service","path":"/usr/bin/java"}}}},"subject":"d"}})",
            id, id, verdict, port, "w" + id, from, to);
    }
    std::vector<std::string> ids(const std::string& target) {
        std::vector<std::string> out;
        const auto answer = get(target);
        EXPECT_EQ(answer.status, 200U) << answer.body;
        for (const auto& item : answer.json.at("items").as_array())
            out.emplace_back(item.at("id").as_string());
        return out;
    }
};

TEST_F(ApiStreams, EventsArriveAsTheyHappen) {
    const auto reader = follow("/events");
    ASSERT_EQ(put_web("web-1", pay, "10.0.0.1").status, 201U);
    EXPECT_NE(reader->text.find("event: change\ndata: {"), std::string::npos) << reader->text;
    EXPECT_NE(reader->text.find("\"name\":\"web-1\""), std::string::npos);
    EXPECT_TRUE(reader->text.ends_with("\n\n"));
    const auto before = reader->text;
    reader->close();
    ASSERT_EQ(put_web("web-2", pay, "10.0.0.2").status, 201U);
    EXPECT_EQ(reader->text, before);
}

TEST_F(ApiStreams, AReaderGoesOnBehindTheLastEvent) {
    const auto first = follow("/events");
    ASSERT_EQ(put_web("web-1", pay, "10.0.0.1").status, 201U);
    const auto id = first->text.substr(first->text.find("id: ") + 4, 1);
    first->close();
    ASSERT_EQ(put_web("web-2", pay, "10.0.0.2").status, 201U);
    const auto second = follow("/events", {{"last-event-id", id}});
    EXPECT_EQ(second->text.find("web-1"), std::string::npos);
    EXPECT_NE(second->text.find("web-2"), std::string::npos);
    EXPECT_EQ(get("/events", {{"last-event-id", "x"}}).status, 400U);
}

TEST_F(ApiStreams, OnlyTheTypesThatWereAskedFor) {
    const auto reader = follow("/events?types=version,rollout");
    ASSERT_EQ(put("/rule-sets/r", rule_set("r", R"([{"app":"Payments"}])")).status, 201U);
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    EXPECT_EQ(reader->text.find("event: change"), std::string::npos);
    EXPECT_NE(reader->text.find("event: version"), std::string::npos);
    EXPECT_EQ(get("/events?types=versions").status, 400U);
}

TEST_F(ApiStreams, ANarrowedRoleHearsOfWhatItSees) {
    become("pay-viewer", "viewer", R"({"app":["Payments"]})");
    const auto reader = follow("/events");
    be_owner();
    ASSERT_EQ(put_web("pay-1", pay, "10.0.0.1").status, 201U);
    ASSERT_EQ(put_web("shop-1", shop, "10.0.0.2").status, 201U);
    ASSERT_EQ(
        put("/users/alice",
            R"({"apiVersion":"ringwall/v1","kind":"User","metadata":{"name":"alice"},"spec":{"role":"viewer"}})")
            .status,
        201U);
    fleet.pair("shop-2", shop, "10.0.0.3");
    EXPECT_NE(reader->text.find("pay-1"), std::string::npos);
    EXPECT_EQ(reader->text.find("shop-"), std::string::npos) << reader->text;
    EXPECT_EQ(reader->text.find("alice"), std::string::npos);
}

TEST_F(ApiStreams, ARevokedTokenHearsNothingMore) {
    become("viewer", "viewer");
    const auto reader = follow("/events");
    const auto flows = follow("/flows?follow=true");
    be_owner();
    ASSERT_EQ(remove("/tokens/viewer").status, 200U);
    ASSERT_EQ(put_web("web-1", pay, "10.0.0.1").status, 201U);
    flow_source.arrive(flow("1", "Payments", "Payments"));
    EXPECT_EQ(reader->text.find("web-1"), std::string::npos);
    EXPECT_EQ(flows->text.find("blocked"), std::string::npos);
}

TEST_F(ApiStreams, StreamsAreBounded) {
    api_options.most_streams = 2;
    restart_api();
    const auto one = follow("/events"), two = follow("/flows?follow=true");
    const auto refused = get("/events");
    EXPECT_EQ(refused.status, 503U);
    one->close();
    const auto three = follow("/events");
    EXPECT_EQ(get("/events").status, 503U);
}

TEST_F(ApiStreams, AStreamOfFlowsGoesOnWhereItWasBrokenOff) {
    const auto first = follow("/flows?follow=true");
    flow_source.arrive(flow("7", "Payments", "Payments"));
    EXPECT_NE(first->text.find("id: 7\nevent: flow\n"), std::string::npos) << first->text;
    first->close();
    flow_source.arrive(flow("8", "Payments", "Payments"));
    const auto again = follow("/flows?follow=true", {{"last-event-id", "7"}});
    flow_source.arrive(flow("9", "Payments", "Payments"));
    EXPECT_EQ(again->text.find("id: 7\n"), std::string::npos);
    EXPECT_LT(again->text.find("id: 8\n"), again->text.find("id: 9\n"));
    EXPECT_EQ(again->text.find("missed"), std::string::npos);
    for (int i = 10; i < 1020; ++i)
        flow_source.arrive(flow(std::to_string(i), "Payments", "Payments"));
    const auto late = follow("/flows?follow=true", {{"last-event-id", "9"}});
    EXPECT_NE(late->text.find("event: missed"), std::string::npos);
    EXPECT_EQ(late->text.find("id: 19\n"), std::string::npos);
    EXPECT_NE(late->text.find("id: 20\n"), std::string::npos);
    EXPECT_EQ(get("/flows?follow=true", {{"last-event-id", "x"}}).status, 400U);
}

TEST_F(ApiStreams, FlowsComeNewestFirstAndInPages) {
    for (int i = 1; i <= 5; ++i)
        flow_source.arrive(flow(std::to_string(i), "Payments", "Payments"));
    using Ids = std::vector<std::string>;
    EXPECT_EQ(ids("/flows"), (Ids{"5", "4", "3", "2", "1"}));
    const auto page = get("/flows?limit=2");
    EXPECT_EQ(page.json.at("items").as_array().size(), 2U);
    EXPECT_EQ(ids("/flows?limit=2&after=" + std::string(page.json.at("next").as_string())),
              (Ids{"3", "2"}));
}

TEST_F(ApiStreams, FlowsAreFiltered) {
    flow_source.arrive(flow("1", "Payments", "Payments"));
    flow_source.arrive(flow("2", "Shop", "Payments", "allowed"));
    flow_source.arrive(flow("3", "Payments", "Shop", "would-block", 443));
    using Ids = std::vector<std::string>;
    EXPECT_EQ(ids("/flows?source=app%3DPayments"), (Ids{"3", "1"}));
    EXPECT_EQ(ids("/flows?destination=app%21%3DPayments"), (Ids{"3"}));
    EXPECT_EQ(ids("/flows?labels=app%3DShop"), (Ids{"3", "2"}));
    EXPECT_EQ(ids("/flows?verdict=allowed,would-block"), (Ids{"3", "2"}));
    EXPECT_EQ(ids("/flows?port=443"), (Ids{"3"}));
    EXPECT_EQ(ids("/flows?proto=udp"), Ids{});
    EXPECT_EQ(ids("/flows?proto=6&workload=w2"), (Ids{"2"}));
    EXPECT_EQ(ids("/flows?address=10.0.0.0/24").size(), 3U);
    EXPECT_EQ(ids("/flows?address=10.0.1.0/24").size(), 0U);
    EXPECT_EQ(ids("/flows?process=java").size(), 3U);
    EXPECT_EQ(ids("/flows?process=tomcat10.service").size(), 3U);
    EXPECT_EQ(ids("/flows?process=httpd").size(), 0U);
    EXPECT_EQ(ids("/flows?q=from.app%3DPayments"), (Ids{"3", "1"}));
    EXPECT_EQ(ids("/flows?q=port%3D443%20or%20verdict%3Dallowed"), (Ids{"3", "2"}));
    EXPECT_EQ(ids("/flows?q=not%20app%3DShop&port=8080"), (Ids{"1"}));
    const auto wrong = get("/flows?q=port%3Dhttp");
    EXPECT_EQ(wrong.status, 400U);
    EXPECT_NE(wrong.detail().find("the parameter q is wrong at byte 5: a number or a range"),
              std::string::npos)
        << wrong.detail();
    const auto warned = get("/flows?q=prot%3Dtcp");
    EXPECT_EQ(warned.json.at("warnings").as_array().size(), 1U) << warned.body;
    EXPECT_EQ(ids("/flows?since=2027-01-15T08:00:02Z"), (Ids{"3", "2"}));
    EXPECT_EQ(ids("/flows?until=2027-01-15T08:00:02Z"), (Ids{"2", "1"}));
    for (const char* bad : {"verdict=dropped", "address=x", "proto=tpc", "port=x", "since=now",
                            "follow=yes", "labels=%3D", "lable=x"})
        EXPECT_EQ(get(std::string("/flows?") + bad).status, 400U) << bad;
}

TEST_F(ApiStreams, ANarrowedRoleSeesFlowsThatTouchItsWorkloads) {
    flow_source.arrive(flow("1", "Payments", "Shop"));
    flow_source.arrive(flow("2", "Shop", "Shop"));
    become("pay-viewer", "viewer", R"({"app":["Payments"]})");
    EXPECT_EQ(ids("/flows"), (std::vector<std::string>{"1"}));
    const auto reader = follow("/flows?follow=true&verdict=blocked");
    flow_source.arrive(flow("3", "Shop", "Shop"));
    flow_source.arrive(flow("4", "Shop", "Payments"));
    flow_source.arrive(flow("5", "Shop", "Payments", "allowed"));
    EXPECT_EQ(reader->text.find("\"id\":\"3\""), std::string::npos);
    EXPECT_NE(reader->text.find("event: flow\ndata: {\"id\":\"4\""), std::string::npos)
        << reader->text;
    EXPECT_EQ(reader->text.find("\"id\":\"5\""), std::string::npos);
}

TEST_F(ApiStreams, AControllerWithoutFlowsSaysSo) {
    api_options.flows = nullptr;
    restart_api();
    EXPECT_EQ(get("/flows").status, 503U);
}

} // namespace
} // namespace ringwall::api_test
