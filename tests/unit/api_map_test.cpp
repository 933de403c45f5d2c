// /map and /edges.
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"
#include "tests/unit/flow_map_fixture.h"

namespace ringwall::api_test {
namespace {

using flowmap::testing::served;
using flowmap::testing::Told;

// What was told within one minute.
class OneMinute : public flowmap::Reader {
  public:
    void add(const Told& told) { minute_.take(flowmap::testing::row(told), catalog_); }

    flows::Result<flowmap::Period> read(std::int64_t since_ns,
                                        std::int64_t until_ns) const override {
        asked = {since_ns, until_ns};
        const auto totals = minute_.fold(nullptr, nullptr, catalog_);
        return flowmap::Period{since_ns, until_ns, {totals.begin(), totals.end()}};
    }
    const flowmap::Catalog& catalog() const override { return catalog_; }

    mutable std::pair<std::int64_t, std::int64_t> asked;

  private:
    flowmap::Minute minute_;
    mutable flowmap::Catalog catalog_{1000};
};

std::string labels(const std::string& app, const std::string& role) {
    return fmt::format(R"({{"app":"{}","role":"{}"}})", app, role);
}

class ApiMap : public ApiTest {
  protected:
    ApiMap() {
        map.add({.source_labels = labels("Payments", "Web"),
                 .destination_labels = labels("Payments", "App"),
                 .count = 3});
        map.add(served({.source_labels = labels("Payments", "Web"),
                        .destination_labels = labels("Payments", "App"),
                        .count = 3}));
        map.add({.process = "/usr/bin/nmap",
                 .source = "10.0.0.9",
                 .source_labels = labels("Shop", "Web"),
                 .destination_labels = labels("Payments", "App"),
                 .verdict = v1::BLOCKED});
        map.add(served({.source = "198.51.100.7",
                        .destination = "10.0.5.5",
                        .source_labels = "{}",
                        .destination_labels = labels("Shop", "Web"),
                        .port = 443}));
        api_options.map = &map;
        restart_api();
    }
    std::vector<std::string> ids(const std::string& target, const char* list, const char* key) {
        std::vector<std::string> out;
        const auto answer = get(target);
        EXPECT_EQ(answer.status, 200U) << answer.body;
        for (const auto& item : answer.json.at(list).as_array())
            out.emplace_back(item.at(key).as_string());
        std::ranges::sort(out);
        return out;
    }
    using Words = std::vector<std::string>;

    OneMinute map;
};

TEST_F(ApiMap, GroupsByTheLabelsThatAreAskedFor) {
    EXPECT_EQ(ids("/map?group_by=app", "nodes", "id"),
              (Words{"app=Payments", "app=Shop", "internet"}));
    EXPECT_EQ(ids("/map?group_by=app", "edges", "id"),
              (Words{"app=Payments|app=Payments|allowed", "app=Shop|app=Payments|blocked",
                     "internet|app=Shop|allowed"}));
    EXPECT_EQ(ids("/map?group_by=app,role&q=port%3D443", "nodes", "id"),
              (Words{"app=Shop,role=Web", "internet"}));
    EXPECT_EQ(ids("/map?group_by=loc", "nodes", "id"), (Words{"internet", "unlabelled"}));
}

TEST_F(ApiMap, SaysHowManyWorkloadsAreBehindANode) {
    ASSERT_EQ(put("/workloads/w1", workload("w1", pay, "10.0.0.1")).status, 201U);
    ASSERT_EQ(put("/workloads/w2", workload("w2", pay, "10.0.0.2")).status, 201U);
    const auto answer = get("/map?group_by=app");
    for (const auto& node : answer.json.at("nodes").as_array())
        if (node.at("id") == "app=Payments") {
            EXPECT_EQ(node.at("workloads").as_int64(), 2);
        }
}

TEST_F(ApiMap, SaysWhatTheFilterMeansOverTime) {
    const auto answer = get("/map/activity?q=to.app%3DPayments&buckets=10");
    ASSERT_EQ(answer.status, 200U) << answer.body;
    const auto& buckets = answer.json.at("buckets").as_array();
    ASSERT_EQ(buckets.size(), 8U); // of three hours: those of two would be more than ten
    // This reader has the same minute in every one of them.
    EXPECT_EQ(buckets[0].at("allowed").as_int64(), 3);
    EXPECT_EQ(buckets[0].at("blocked").as_int64(), 1);
    become("shop-viewer", "viewer", R"({"app":["Shop"]})");
    const auto narrowed = get("/map/activity?q=to.app%3DPayments&buckets=1");
    EXPECT_EQ(narrowed.json.at("buckets").at(0).at("allowed").as_int64(), 0);
    EXPECT_EQ(narrowed.json.at("buckets").at(0).at("blocked").as_int64(), 1);
    EXPECT_EQ(get("/map/activity?buckets=501").status, 400U);
    EXPECT_EQ(get("/map/activity?q=app%3DPaiments").sentences().size(), 1U);
}

TEST_F(ApiMap, SaysWhatItLeavesOut) {
    const auto answer = get("/map?group_by=app&nodes=2&edges=5");
    ASSERT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.json.at("nodes").as_array().size(), 2U);
    EXPECT_EQ(answer.json.at("hidden").at("nodes").as_int64(), 1);
    EXPECT_EQ(answer.json.at("hidden").at("edges").as_int64() +
                  static_cast<std::int64_t>(answer.json.at("edges").as_array().size()),
              3);
}

TEST_F(ApiMap, AnEdgeHasBothEnds) {
    const auto answer = get("/edges?q=from.role%3DWeb+to.process%3Dnginx&sort=bytes");
    ASSERT_EQ(answer.status, 200U) << answer.body;
    const auto& items = answer.json.at("items").as_array();
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].at("source").at("process"), "/usr/bin/curl");
    EXPECT_EQ(items[0].at("destination").at("shown"), "nginx");
    EXPECT_EQ(items[0].at("source_verdict"), "allowed");
    EXPECT_EQ(items[0].at("count").as_int64(), 3);
    EXPECT_EQ(
        ids("/edges?group_by=app&source=app%3DShop&destination=app%3DPayments", "items", "verdict"),
        Words{"blocked"});
}

TEST_F(ApiMap, PagesCoverEverything) {
    std::string after;
    std::size_t seen = 0;
    for (bool more = true; more; more = !after.empty()) {
        const auto page = get("/edges?limit=1&after=" + after);
        ASSERT_EQ(page.status, 200U);
        EXPECT_EQ(page.json.at("total").as_int64(), 3);
        seen += page.json.at("items").as_array().size();
        const auto* next = page.json.as_object().if_contains("next");
        after = next ? std::string(next->as_string()) : "";
    }
    EXPECT_EQ(seen, 3U);
}

TEST_F(ApiMap, ThePeriodIsADayUnlessTheQuerySaysMore) {
    constexpr std::int64_t hour = 3600'000'000'000;
    ASSERT_EQ(get("/map").status, 200U);
    EXPECT_EQ(map.asked.second - map.asked.first, 24 * hour);
    ASSERT_EQ(get("/map?q=since%3D7d").status, 200U);
    EXPECT_EQ(map.asked.second - map.asked.first, 7 * 24 * hour);
    ASSERT_EQ(get("/map?q=(since%3D2h+or+port%3D1)").status, 200U);
    EXPECT_EQ(map.asked.second - map.asked.first, 24 * hour);
    EXPECT_EQ(get("/map?since=2030-01-02T00:00:00Z&until=2030-01-01T00:00:00Z").status, 400U);
}

TEST_F(ApiMap, ANarrowedRoleSeesItsEdgesOnly) {
    become("pay-viewer", "viewer", R"({"app":["Payments"]})");
    EXPECT_EQ(ids("/map?group_by=app", "edges", "id"),
              (Words{"app=Payments|app=Payments|allowed", "app=Shop|app=Payments|blocked"}));
    EXPECT_EQ(get("/edges").json.at("total").as_int64(), 2);
}

TEST_F(ApiMap, WhatIsProposedAllowsWhatWasRecorded) {
    const auto proposal = get("/proposal?q=to.app%3DPayments+from.app%3DPayments");
    ASSERT_EQ(proposal.status, 200U) << proposal.body;
    EXPECT_EQ(proposal.json.at("coverage").at("proposed").as_int64(), 3);
    const auto& sets = proposal.json.at("rule_sets").as_array();
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(proposal.json.at("rules").at(0).at("rule"),
              "proposed-payments/web-to-app-tcp-8080-nginx");
    EXPECT_NE(proposal.json.at("yaml").as_string().find("  # 3 connections, "), std::string::npos);
    ASSERT_EQ(get("/impact/recorded").json.at("items").as_array().size(), 0U);
    const auto name = std::string(sets[0].at("metadata").at("name").as_string());
    ASSERT_EQ(put("/rule-sets/" + name, boost::json::serialize(sets[0])).status, 201U);
    const auto impact = get("/impact/recorded");
    ASSERT_EQ(impact.status, 200U) << impact.body;
    EXPECT_EQ(impact.json.at("totals").at("newly_allowed").as_int64(), 3);
    EXPECT_EQ(impact.json.at("totals").at("newly_blocked").as_int64(), 0);
    ASSERT_EQ(impact.json.at("items").as_array().size(), 1U);
    EXPECT_EQ(std::string(impact.json.at("items").at(0).at("draft").at("rule").as_string()),
              name + "/web-to-app-tcp-8080-nginx");
    EXPECT_EQ(ids("/map?group_by=app&view=draft", "edges", "id"),
              (Words{"app=Payments|app=Payments|allowed", "app=Shop|app=Payments|blocked",
                     "internet|app=Shop|blocked"}));
    EXPECT_EQ(get("/map?view=all").status, 400U);
    EXPECT_EQ(get("/proposal?level=all").status, 400U);
    EXPECT_EQ(get("/proposal?merge=true&level=app").status, 200U);
}

TEST_F(ApiMap, VerdictsAreAskedOfEachEndAndOfTheDraft) {
    EXPECT_EQ(ids("/map?group_by=app&q=to.verdict%3Dallowed", "edges", "id"),
              (Words{"app=Payments|app=Payments|allowed", "internet|app=Shop|allowed"}));
    EXPECT_EQ(ids("/map?group_by=app&q=from.verdict%3Dblocked", "edges", "id"),
              (Words{"app=Shop|app=Payments|blocked"}));
    EXPECT_EQ(ids("/map?group_by=app&q=from.verdict%3Dallowed+to.verdict%3Dblocked", "edges", "id"),
              (Words{}));
    ASSERT_EQ(put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])")).status, 201U);
    const auto drafted = ids("/map?group_by=app&view=draft", "edges", "id");
    for (const std::string verdict : {"allowed", "blocked", "unmatched"}) {
        auto expected = drafted;
        std::erase_if(expected, [&](const auto& id) { return !id.ends_with("|" + verdict); });
        EXPECT_EQ(ids("/map?group_by=app&view=draft&q=draft%3D" + verdict, "edges", "id"),
                  expected);
        EXPECT_EQ(get("/edges?q=draft%3D" + verdict).json.at("items").as_array().size(),
                  expected.size());
    }
    EXPECT_NE(get("/flows?q=draft%3Dblocked").detail().find("ask /api/v1/edges"),
              std::string::npos);
    EXPECT_EQ(get("/map/activity?q=draft%3Dblocked").status, 400U);
    EXPECT_EQ(get("/map?q=draft%3Dno").status, 400U);
}

TEST_F(ApiMap, TheStagedViewIsWhatTheKernelsSaw) {
    EXPECT_EQ(get("/map?view=staged").status, 422U);
    fleet.pair("app-1", labels("Payments", "App"), "10.0.1.5");
    ASSERT_EQ(put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])")).status, 201U);
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    const auto told = flowmap::testing::row(served({.source_labels = "{}"})).summary;
    v1::Impact impact;
    impact.set_staging(controller().staging()->number);
    auto& row = *impact.add_rows();
    row.set_subject("app-1");
    row.set_direction(v1::INBOUND);
    row.set_protocol(told.protocol());
    row.set_port(told.port());
    row.set_peer(told.peer());
    *row.mutable_process() = told.process();
    fleet.hosts.at("app-1")->send_impact(impact);
    fleet.settle();
    EXPECT_EQ(ids("/map?group_by=app&view=staged", "edges", "id"),
              (Words{"app=Payments|app=Payments|allowed", "app=Shop|app=Payments|blocked",
                     "internet|app=Shop|allowed"}))
        << "that peer is not Web of Payments";
    EXPECT_EQ(map.asked.first, controller().staging()->since_ns);
    fleet.pair("web-1", labels("Payments", "Web"), "10.0.0.1");
    EXPECT_EQ(ids("/map?group_by=app&view=staged", "edges", "id"),
              (Words{"app=Payments|app=Payments|blocked", "app=Shop|app=Payments|blocked",
                     "internet|app=Shop|allowed"}));
}

TEST_F(ApiMap, WhatIsWrongIsNamed) {
    EXPECT_EQ(get("/map?q=port%3Dx").detail().substr(0, 34), "the parameter q is wrong at byte 5");
    EXPECT_NE(get("/map?q=address%3D10.0.0.1").detail().find("ask /api/v1/flows"),
              std::string::npos);
    EXPECT_NE(get("/flows?q=new-since%3D1h").detail().find("ask /api/v1/edges"), std::string::npos);
    EXPECT_EQ(get("/map?group_by=a,,b").status, 400U);
    EXPECT_EQ(get("/map?nodes=0").status, 400U);
    EXPECT_EQ(get("/edges?sort=size").status, 400U);
    EXPECT_EQ(get("/edges?after=x").status, 400U);
    EXPECT_EQ(get("/map?q=app%3DPaiments").sentences().size(), 1U);
    api_options.map = nullptr;
    restart_api();
    EXPECT_EQ(get("/map").status, 503U);
}

} // namespace
} // namespace ringwall::api_test
