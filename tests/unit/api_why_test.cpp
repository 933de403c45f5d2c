#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/api/judging.h"
#include "control/compute/compute.h"
#include "control/policy/load.h"
#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiWhy : public ApiTest {
  protected:
    ApiWhy() {
        EXPECT_EQ(
            post(
                "/apply",
                R"({"documents":[)" +
                    workload("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1", "full") +
                    "," +
                    workload("app-1", R"({"role":"App","app":"Payments"})", "10.0.1.1", "full") +
                    "," +
                    R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"printer"},"spec":{"addresses":["10.0.9.9"],"managed":false}},)" +
                    rule_set("pay", R"([{"app":"Payments"}])") + "]}")
                .status,
            200U);
    }
    Answer ask(const std::string& more) {
        return post("/why", R"({"from":"web-1","to":"app-1","proto":"tcp",)" + more + "}");
    }
};

TEST_F(ApiWhy, BothEndsAreJudged) {
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    const auto yes = ask(R"("port":8080)");
    ASSERT_EQ(yes.status, 200U) << yes.body;
    EXPECT_EQ(yes.json.at("verdict"), "allowed");
    ASSERT_EQ(yes.json.at("ends").as_array().size(), 2U);
    EXPECT_EQ(yes.json.at("ends").at(0).at("workload"), "web-1");
    EXPECT_EQ(yes.json.at("ends").at(0).at("direction"), "outbound");
    EXPECT_EQ(yes.json.at("ends").at(1).at("rules").at(0), "pay/in");
    const auto no = ask(R"("port":22)");
    EXPECT_EQ(no.json.at("verdict"), "blocked");
    EXPECT_NE(no.json.at("ends").at(1).at("near").at(0).as_string().find("pay/in"),
              std::string::npos);
}

TEST_F(ApiWhy, TheDraftIsJudgedBeforeItIsInForce) {
    EXPECT_EQ(ask(R"("port":8080)").json.at("verdict"), "blocked");
    EXPECT_EQ(ask(R"("port":8080,"draft":true)").json.at("verdict"), "allowed");
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    ASSERT_EQ(remove("/rule-sets/pay").status, 200U);
    EXPECT_EQ(ask(R"("port":8080)").json.at("verdict"), "allowed");
    EXPECT_EQ(ask(R"("port":8080,"draft":true)").json.at("verdict"), "blocked");
}

TEST_F(ApiWhy, AddressesAndForeignersAreJudgedWhereThereIsAnAgent) {
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    const auto by_address =
        post("/why", R"({"from":"10.0.0.1","to":"10.0.1.1","proto":6,"port":8080})");
    EXPECT_EQ(by_address.json.at("verdict"), "allowed");
    const auto foreign =
        post("/why", R"({"from":"192.0.2.99","to":"app-1","proto":"tcp","port":8080})");
    EXPECT_EQ(foreign.json.at("ends").as_array().size(), 1U);
    EXPECT_EQ(foreign.json.at("verdict"), "blocked");
    const auto nobody = post("/why", R"({"from":"printer","to":"192.0.2.1","proto":"udp"})");
    EXPECT_EQ(nobody.json.at("verdict"), "not judged");
}

TEST_F(ApiWhy, TheProcessCounts) {
    ASSERT_EQ(
        put("/rule-sets/pay",
            R"({"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"pay"},"spec":{"rules":[{"name":"in","action":"allow","from":[{"role":"Web"}],"to":[{"role":"App"}],"services":[{"proto":"tcp","ports":[8080],"process":{"unit":"tomcat10.service"}}]}]}})")
            .status,
        200U);
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    EXPECT_EQ(ask(R"("port":8080,"process":{"unit":"tomcat10.service"})").json.at("verdict"),
              "allowed");
    EXPECT_EQ(ask(R"("port":8080,"process":{"unit":"apache2.service"})").json.at("verdict"),
              "blocked");
}

TEST_F(ApiWhy, ANarrowedRoleAsksForItsOwn) {
    become("shop-viewer", "viewer", R"({"app":["Shop"]})");
    EXPECT_EQ(ask(R"("port":8080)").status, 404U);
    become("pay-viewer", "viewer", R"({"app":["Payments"]})");
    EXPECT_EQ(ask(R"("port":8080)").status, 200U);
}

TEST_F(ApiWhy, QuestionsAreReadStrictly) {
    EXPECT_EQ(post("/why", R"({"from":"web-1","to":"nobody","proto":"tcp"})").status, 404U);
    for (const char* bad :
         {R"({"from":"web-1","to":"app-1"})", R"({"from":"web-1","to":"app-1","proto":"tpc"})",
          R"({"from":"web-1","to":"app-1","proto":"tcp","port":0})",
          R"({"from":"web-1","to":"app-1","proto":"icmp","port":8})",
          R"({"from":"web-1","to":"app-1","proto":"tcp","icmp":{"type":8}})",
          R"({"from":"web-1","to":"app-1","proto":"tcp","process":{"exe":"x"}})"})
        EXPECT_EQ(post("/why", bad).status, 422U) << bad;
    EXPECT_EQ(
        post("/why", R"({"from":"web-1","to":"app-1","proto":"icmp","icmp":{"type":8}})").status,
        200U);
}

// The excerpt decides as the whole policy does.
TEST(ApiJudging, AnExcerptKeepsWhatDecides) {
    const auto policy = policy::load_text(R"(
apiVersion: ringwall/v1
kind: Workload
metadata: {name: host-1}
spec: {labels: {role: Host}, addresses: [10.0.0.1]}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: part-1}
spec: {labels: {role: Part}, cgroup: /part.slice, host: host-1}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: twin}
spec: {labels: {role: Twin}, addresses: [10.0.0.2], managed: false}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: other}
spec: {labels: {role: Other}, addresses: [10.0.0.2], managed: false}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: named}
spec: {labels: {role: Named}, addresses: [10.0.0.3]}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: far}
spec: {labels: {role: Far}, addresses: [10.0.0.4]}
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: r}
spec:
  rules:
  - {name: a, action: allow, from: [{workload: named}], to: [{role: Part}], services: [{proto: tcp}]}
)",
                                          "p");
    ASSERT_TRUE(policy) << policy.error().front().message;
    const auto part = api::excerpt(*policy, {"part-1", "twin"});
    std::vector<std::string> names;
    for (const auto& one : part.workloads)
        names.push_back(one.name);
    EXPECT_EQ(names, (std::vector<std::string>{"host-1", "part-1", "twin", "other", "named"}));
    EXPECT_TRUE(compute::snapshot(part, "host-1", 1));
}

} // namespace
} // namespace ringwall::api_test
