// The audit log, backups, probes, metrics.
#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <prometheus/metric_family.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiOperations : public ApiTest {
  protected:
    void make(const std::string& name, const std::string& address) {
        ASSERT_EQ(put("/workloads/" + name, workload(name, R"({"app":"x"})", address)).status,
                  201U);
    }
};

TEST_F(ApiOperations, TheAuditLogIsFiltered) {
    make("web-1", "10.0.0.1");
    make("web-2", "10.0.0.2");
    ASSERT_EQ(remove("/workloads/web-1").status, 200U);
    const auto all = get("/audit");
    EXPECT_GE(all.json.at("total").to_number<int>(), 4) << "with the first token";
    EXPECT_EQ(all.json.at("items").at(0).at("action"), "remove");
    EXPECT_EQ(get("/audit?kind=Workload&name=web-1").json.at("total"), 2);
    EXPECT_EQ(
        get("/audit?kind=Workload&oldest_first=true&limit=1").json.at("items").at(0).at("name"),
        "web-1");
    EXPECT_EQ(get("/audit?actor=nobody").json.at("total"), 0);
    EXPECT_EQ(get("/audit?until=2026-01-01T00:00:00Z").json.at("total"), 0);
    EXPECT_EQ(get("/audit?from=2026-01-01T00:00:00Z&kind=Workload").json.at("total"), 3);
    const auto page = get("/audit?limit=2");
    EXPECT_EQ(get("/audit?limit=2&after=" + std::string(page.json.at("next").as_string())).status,
              200U);
    EXPECT_EQ(get("/audit?after=x").status, 400U);
    EXPECT_EQ(get("/audit?from=x").status, 400U);
}

TEST_F(ApiOperations, TheChainOfTheAuditLogIsWalked) {
    make("web-1", "10.0.0.1");
    const auto proof = get("/audit/verify");
    EXPECT_EQ(proof.json.at("records"), get("/audit").json.at("total"));
    EXPECT_EQ(proof.json.at("head"), get("/audit").json.at("items").at(0).at("hash"));
}

TEST_F(ApiOperations, ABackupIsAWholeDatabase) {
    make("web-1", "10.0.0.1");
    const auto answer = get("/backup");
    ASSERT_EQ(answer.status, 200U) << answer.body;
    const auto file = fleet.scratch.path("copy.db");
    std::ofstream(file, std::ios::binary) << answer.body;
    const auto store = store::open_sqlite({.path = file});
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE((*store)->object({"workload", "web-1"}));
    for (const auto& entry : std::filesystem::directory_iterator(fleet.scratch.path("")))
        EXPECT_FALSE(entry.path().filename().string().starts_with("backup-")) << "left behind";
}

TEST_F(ApiOperations, OneBackupAtATime) {
    hold_beside = true;
    EXPECT_EQ(get("/backup").status, 0U) << "its answer comes later";
    EXPECT_EQ(get("/backup").status, 503U);
    ASSERT_EQ(beside.size(), 1U);
    beside.front()();
    hold_beside = false;
    EXPECT_EQ(get("/backup").status, 200U);
}

TEST_F(ApiOperations, ABackupThatFailsSaysWhy) {
    api_options.temp_dir = fleet.scratch.path("not/there");
    restart_api();
    const auto answer = get("/backup");
    EXPECT_EQ(answer.status, 500U);
    EXPECT_EQ(answer.code(), "io");
}

TEST_F(ApiOperations, ProbesNeedNoToken) {
    bearer.clear();
    EXPECT_EQ(send("GET", "/healthz").json, boost::json::parse(R"({"status":"ok"})"));
    EXPECT_EQ(send("GET", "/readyz").status, 200U);
    unready = "the disk is full";
    EXPECT_EQ(send("GET", "/readyz").status, 503U);
    EXPECT_EQ(send("GET", "/healthz").status, 200U);
    EXPECT_EQ(send("GET", "/metrics").status, 401U);
}

TEST_F(ApiOperations, MetricsCountWhatHappens) {
    api_options.metrics = [] {
        prometheus::MetricFamily family{
            "ringwall_more", "From outside.", prometheus::MetricType::Gauge, {}};
        family.metric.emplace_back().gauge.value = 7;
        return std::vector{family};
    };
    restart_api();
    make("web-1", "10.0.0.1");
    fleet.pair("web-2", R"({"app":"x"})", "10.0.0.2");
    const auto text = send("GET", "/metrics");
    EXPECT_EQ(text.status, 200U);
    for (const char* line :
         {"ringwall_controller_pairings_total 1", "ringwall_more 7",
          "ringwall_controller_agents{presence=\"online\"} 1",
          "ringwall_controller_workloads{mode=\"visibility\"} 2", "ringwall_controller_frozen 0"})
        EXPECT_NE(text.body.find(line), std::string::npos) << line << "\n" << text.body;
}

TEST_F(ApiOperations, WhatNobodyExpectsIsAProblemNotACrash) {
    api_options.unready = []() -> std::string { throw std::runtime_error("odd"); };
    restart_api();
    EXPECT_EQ(send("GET", "/readyz").status, 500U);
}

} // namespace
} // namespace ringwall::api_test
