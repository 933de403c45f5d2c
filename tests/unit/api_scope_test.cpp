// Roles narrowed to labels: what they reach, and what they must not.
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiScope : public ApiTest {
  protected:
    ApiScope() {
        for (const auto& [name, labels, address] :
             std::vector<std::tuple<std::string, std::string, std::string>>{
                 {"pay-1", pay, "10.0.0.1"}, {"shop-1", shop, "10.0.0.2"}})
            EXPECT_EQ(put("/workloads/" + name, workload(name, labels, address)).status, 201U);
    }
};

TEST_F(ApiScope, OnlyWorkloadsInsideAreSeen) {
    become("pay-viewer", "viewer", pay_scope);
    EXPECT_EQ(get("/workloads").names(), (std::vector<std::string>{"pay-1"}));
    EXPECT_EQ(get("/workloads").json.at("total"), 1);
    EXPECT_EQ(get("/workloads/pay-1").status, 200U);
    EXPECT_EQ(get("/workloads/shop-1").status, 404U);
}

TEST_F(ApiScope, LabelsLieInsideBeforeAndAfter) {
    become("pay-editor", "editor", pay_scope);
    EXPECT_EQ(put("/workloads/pay-1", workload("pay-1", pay, "10.0.0.11")).status, 200U);
    EXPECT_EQ(put("/workloads/pay-2", workload("pay-2", pay, "10.0.0.12")).status, 201U);
    EXPECT_EQ(put("/workloads/pay-1", workload("pay-1", shop, "10.0.0.1")).status, 403U)
        << "given away";
    EXPECT_EQ(put("/workloads/shop-1", workload("shop-1", pay, "10.0.0.2")).status, 403U)
        << "taken";
    EXPECT_EQ(put("/workloads/shop-2", workload("shop-2", shop, "10.0.0.3")).status, 403U);
    EXPECT_EQ(remove("/workloads/shop-1").status, 403U);
    EXPECT_EQ(remove("/workloads/pay-1").status, 200U);
    EXPECT_EQ(post("/workloads/labels", R"({"names":["pay-2"],"set":{"app":"Shop"}})").status,
              403U);
    EXPECT_EQ(post("/workloads/labels", R"({"names":["pay-2"],"remove":["app"]})").status, 403U);
    EXPECT_EQ(post("/workloads/labels", R"({"names":["pay-2"],"set":{"loc":"UK"}})").status, 200U);
}

TEST_F(ApiScope, AnAddressOfSomebodyOutsideCannotBeClaimed) {
    become("pay-editor", "editor", pay_scope);
    const auto claim = put("/workloads/pay-2", workload("pay-2", pay, "10.0.0.2"));
    EXPECT_EQ(claim.status, 403U) << "it would cut shop-1 off";
    EXPECT_NE(claim.detail().find("10.0.0.2"), std::string::npos) << claim.detail();
    EXPECT_EQ(put("/workloads/pay-2", workload("pay-2", pay, "10.0.0.1")).status, 201U)
        << "one's own";
}

TEST_F(ApiScope, AQueryMeansWhatLiesInside) {
    become("pay-provisioner", "provisioner", pay_scope);
    const auto done = post("/workloads/mode", R"({"labels":"role=Web","mode":"idle"})");
    EXPECT_EQ(done.names(), (std::vector<std::string>{"pay-1"}));
    EXPECT_EQ(controller().draft().workload("shop-1")->mode, model::Mode::visibility);
    EXPECT_EQ(post("/workloads/mode", R"({"names":["shop-1"],"mode":"idle"})").status, 403U);
}

TEST_F(ApiScope, ARuleSetLiesInsideWithAllItsScopes) {
    ASSERT_EQ(put("/rule-sets/foreign", rule_set("foreign", R"([{"app":"Shop"}])")).status, 201U);
    become("pay-editor", "editor", pay_scope);
    EXPECT_EQ(put("/rule-sets/mine", rule_set("mine", R"([{"app":"Payments"}])")).status, 201U);
    EXPECT_EQ(put("/rule-sets/open", rule_set("open", "")).status, 403U);
    const auto both =
        put("/rule-sets/mine", rule_set("mine", R"([{"app":"Payments"},{"app":"Shop"}])"));
    EXPECT_EQ(both.status, 403U);
    EXPECT_NE(both.body.find("/spec/scopes/1"), std::string::npos) << both.body;
    EXPECT_EQ(put("/rule-sets/foreign", rule_set("foreign", R"([{"app":"Payments"}])")).status,
              403U);
    EXPECT_EQ(remove("/rule-sets/foreign").status, 403U);
    const auto any =
        put("/rule-sets/mine", rule_set("mine", R"([{"app":"Payments"}])", R"({"any":true})"));
    EXPECT_EQ(any.status, 403U) << "any means every workload, whatever the scope";
    EXPECT_EQ(get("/rule-sets/foreign").status, 200U) << "rules that reach one are not secret";
}

TEST_F(ApiScope, WhatHasNoLabelsNeedsARoleThatIsNotNarrowed) {
    const std::string service =
        R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp"}]}})";
    become("pay-admin", "admin", pay_scope);
    EXPECT_EQ(put("/services/dns", service).status, 403U);
    EXPECT_EQ(post("/apply", R"({"documents":[)" + service + "]}").status, 403U);
    EXPECT_EQ(get("/services").status, 200U);
    EXPECT_EQ(get("/audit").status, 403U);
    EXPECT_EQ(get("/audit/verify").status, 403U);
    EXPECT_EQ(get("/backup").status, 403U);
    EXPECT_EQ(put("/freeze", R"({"reason":"x"})").status, 403U);
    EXPECT_EQ(post("/rollback", R"({"to":1})").status, 403U);
}

TEST_F(ApiScope, PruningStopsAtTheBorder) {
    become("pay-editor", "editor", pay_scope);
    const auto done = post("/apply", R"({"documents":[],"prune":{"kinds":["Workload"]}})");
    EXPECT_EQ(done.names(), (std::vector<std::string>{"pay-1"}));
    be_owner();
    EXPECT_EQ(get("/workloads").names(), (std::vector<std::string>{"shop-1"}));
}

TEST_F(ApiScope, EverythingMeansEverythingInside) {
    ASSERT_EQ(put("/rule-sets/mine", rule_set("mine", R"([{"app":"Payments"}])")).status, 201U);
    ASSERT_EQ(put("/rule-sets/foreign", rule_set("foreign", R"([{"app":"Shop"}])")).status, 201U);
    become("pay-provisioner", "provisioner", pay_scope);
    EXPECT_EQ(post("/provision", R"({"objects":[{"kind":"RuleSet","name":"foreign"}]})").status,
              403U);
    const auto done = post("/provision", "{}", {{"idempotency-key", "k"}});
    EXPECT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.names(), (std::vector<std::string>{"mine"}));
    EXPECT_EQ(get("/diff").names(), (std::vector<std::string>{"foreign"}));
    EXPECT_EQ(post("/provision", "{}").code(), "nothing");
    const auto again = post("/provision", "{}", {{"idempotency-key", "k"}});
    EXPECT_EQ(again.status, 200U) << again.body;
    EXPECT_EQ(again.json.at("version"), done.json.at("version"));
    EXPECT_EQ(post("/provision", R"({"note":"x"})", {{"idempotency-key", "k"}}).code(),
              "reused_key");
}

TEST_F(ApiScope, WhatWouldComeAlongFromOutsideIsRefused) {
    ASSERT_EQ(
        put("/services/dns",
            R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp"}]}})")
            .status,
        201U);
    ASSERT_EQ(
        put("/rule-sets/mine",
            R"({"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"mine"},"spec":{"scopes":[{"app":"Payments"}],"rules":[{"name":"a","action":"allow","from":[{"role":"Web"}],"to":[{"role":"App"}],"services":[{"service":"dns"}]}]}})")
            .status,
        201U);
    become("pay-provisioner", "provisioner", pay_scope);
    const auto refused = post("/provision", "{}");
    EXPECT_EQ(refused.status, 403U);
    EXPECT_NE(refused.detail().find("Service dns would have to come with it"), std::string::npos)
        << refused.detail();
    EXPECT_EQ(get("/versions").json.at("total"), 0);
}

TEST_F(ApiScope, ARolloutOfOthersIsTheirs) {
    ASSERT_EQ(put("/rule-sets/foreign", rule_set("foreign", R"([{"app":"Shop"}])")).status, 201U);
    ASSERT_EQ(post("/provision", R"({"confirm_within_s":60})").status, 200U);
    become("pay-provisioner", "provisioner", pay_scope);
    EXPECT_EQ(post("/rollout/confirm", "").status, 403U);
    EXPECT_EQ(post("/rollout/abort", R"({"reason":"x"})").status, 403U);
    become("shop-provisioner", "provisioner", R"({"app":["Shop"]})");
    EXPECT_EQ(post("/rollout/confirm", "").status, 200U);
}

TEST_F(ApiScope, AgentsFollowTheirWorkloads) {
    fleet.pair("pay-2", pay, "10.0.0.21");
    fleet.pair("shop-2", shop, "10.0.0.22");
    become("pay-admin", "admin", pay_scope);
    EXPECT_EQ(get("/agents").names(), (std::vector<std::string>{"pay-2"}));
    EXPECT_EQ(get("/agents/shop-2").status, 404U);
    EXPECT_EQ(post("/agents/shop-2/revoke", R"({"reason":"x"})").status, 404U);
    EXPECT_EQ(post("/agents/shop-2/commands", R"({"resume":true})").status, 404U);
    EXPECT_EQ(post("/agents/pay-2/revoke", R"({"reason":"x"})").status, 204U);
}

TEST_F(ApiScope, APairingProfileKeepsHostsInside) {
    const auto profile = [&](const std::string& spec) {
        return put("/pairing-profiles/p",
                   R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"p"},"spec":)" +
                       spec + "}")
            .status;
    };
    ASSERT_EQ(
        put("/pairing-profiles/open",
            R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"open"},"spec":{}})")
            .status,
        201U);
    become("pay-admin", "admin", pay_scope);
    EXPECT_EQ(profile(R"({"labels":{"app":"Payments"}})"), 403U) << "the host could choose another";
    EXPECT_EQ(profile(R"({"labels":{"app":"Shop"},"locked":["app"]})"), 403U);
    EXPECT_EQ(profile(R"({"labels":{"app":"Payments"},"locked":["app"],"replace":true})"), 403U);
    EXPECT_EQ(profile(R"({"labels":{"app":"Payments"},"locked":["app"]})"), 201U);
    EXPECT_EQ(post("/pairing-profiles/p/line", "{}").status, 200U);
    EXPECT_EQ(post("/pairing-profiles/open/line", "{}").status, 403U);
}

} // namespace
} // namespace ringwall::api_test
