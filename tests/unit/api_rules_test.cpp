// /workloads/{name}/rules.
#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiRules : public ApiTest {
  protected:
    ApiRules() {
        put("/workloads/web-1", workload("web-1", pay, "10.0.0.1"));
        put("/workloads/app-1",
            workload("app-1", R"({"role":"App","app":"Payments"})", "10.0.0.2", "full"));
        put("/workloads/shop-1", workload("shop-1", shop, "10.0.0.3"));
        put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])"));
    }
};

TEST_F(ApiRules, AreThoseOfTheVersionInForce) {
    const auto before = get("/workloads/app-1/rules");
    ASSERT_EQ(before.status, 200U) << before.body;
    EXPECT_EQ(before.json.at("version").as_int64(), 0);
    EXPECT_TRUE(before.json.at("inbound").as_array().empty());
    fleet.provision();
    const auto after = get("/workloads/app-1/rules");
    EXPECT_EQ(after.json.at("version").as_int64(), 1);
    EXPECT_EQ(after.json.at("mode"), "full");
    const auto& rows = after.json.at("inbound").as_array();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].at("words"), "Web of Payments (1 workload) may reach tcp 8080 here");
    EXPECT_EQ(rows[0].at("peers").at("workloads").as_int64(), 1);
    EXPECT_EQ(after.json.at("otherwise").at("inbound"),
              "Everything else that comes in is blocked.");
    EXPECT_EQ(get("/workloads/web-1/rules").json.at("outbound").as_array().size(), 1U);
    EXPECT_TRUE(get("/workloads/shop-1/rules").json.at("outbound").as_array().empty());
}

TEST_F(ApiRules, OfWhatNobodyKnowsOrMaySeeThereAreNone) {
    EXPECT_EQ(get("/workloads/none/rules").status, 404U);
    EXPECT_EQ(get("/workloads/app-1/rules?version=1").status, 400U);
    become("pay-viewer", "viewer", pay_scope);
    EXPECT_EQ(get("/workloads/app-1/rules").status, 200U);
    EXPECT_EQ(get("/workloads/shop-1/rules").status, 404U);
}

} // namespace
} // namespace ringwall::api_test
