// Versions, differences, provisioning, going back, the rollout, the freeze.
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class ApiVersions : public ApiTest {
  protected:
    ApiVersions() {
        fleet.pair("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1");
        fleet.pair("app-1", R"({"role":"App","app":"Payments"})", "10.0.1.1");
        EXPECT_EQ(put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])")).status, 201U);
    }
    Answer edit_again(const std::string& name = "pay") {
        return put("/rule-sets/" + name,
                   rule_set(name, R"([{"app":"Payments"}])", R"({"role":["App","DB"]})"));
    }
};

TEST_F(ApiVersions, WhatIsPendingIsToldFieldByField) {
    auto diff = get("/diff");
    EXPECT_EQ(diff.names(), (std::vector<std::string>{"pay"}));
    EXPECT_EQ(diff.json.at("changes").at(0).at("outcome"), "created");
    ASSERT_EQ(post("/provision", R"({"note":"first"})").status, 200U);
    EXPECT_TRUE(get("/diff").json.at("changes").as_array().empty());
    ASSERT_EQ(edit_again().status, 200U);
    diff = get("/diff?from=1&to=draft");
    EXPECT_EQ(diff.json.at("changes").at(0).at("differences").at(0).at("pointer"),
              "/spec/rules/in/to/0/role");
    EXPECT_EQ(get("/diff?from=draft&to=active").json.at("changes").at(0).at("outcome"), "changed");
    EXPECT_EQ(get("/diff?from=9").status, 404U);
    EXPECT_EQ(get("/diff?from=x").status, 400U);
}

TEST_F(ApiVersions, ProvisioningMakesAVersionAndReachesTheAgents) {
    const auto would = post("/provision?dry_run=true", "{}");
    EXPECT_EQ(would.status, 200U) << would.body;
    EXPECT_FALSE(would.json.as_object().contains("version"));
    EXPECT_EQ(would.json.at("agents"), json::parse(R"(["app-1","web-1"])"));
    EXPECT_EQ(get("/versions").json.at("total"), 0);
    const auto done = post("/provision", R"({"note":"CHG-1","base":0})");
    EXPECT_EQ(done.json.at("version"), 1);
    EXPECT_EQ(done.names(), (std::vector<std::string>{"pay"}));
    EXPECT_EQ(fleet.hosts.at("app-1")->rules().size(), 1U);
    const auto version = get("/versions/1");
    EXPECT_EQ(version.json.at("note"), "CHG-1");
    EXPECT_EQ(version.json.at("actor"), "token admin");
    EXPECT_EQ(version.json.at("active"), true);
    EXPECT_EQ(get("/versions").json.at("total"), 1);
    EXPECT_EQ(get("/versions/2").status, 404U);
    EXPECT_EQ(get("/versions/x").status, 400U);
    const auto nothing = post("/provision", "{}");
    EXPECT_EQ(nothing.status, 409U);
    EXPECT_EQ(nothing.code(), "nothing");
}

TEST_F(ApiVersions, ASelectionTakesWhatItNeedsAlong) {
    ASSERT_EQ(
        put("/services/dns",
            R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp"}]}})")
            .status,
        201U);
    ASSERT_EQ(
        put("/rule-sets/dns",
            R"({"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"dns"},"spec":{"rules":[{"name":"a","action":"allow","from":[{"all":true}],"to":[{"role":"App"}],"services":[{"service":"dns"}]}]}})")
            .status,
        201U);
    const auto would =
        post("/provision?dry_run=true", R"({"objects":[{"kind":"RuleSet","name":"dns"}]})");
    EXPECT_EQ(would.json.at("pulled_in"), json::parse(R"([{"kind":"Service","name":"dns"}])"));
    EXPECT_EQ(would.json.at("changes").as_array().size(), 2U);

    const auto make = [&] {
        return post("/provision", R"({"objects":[{"kind":"RuleSet","name":"dns"}]})",
                    {{"idempotency-key", "k"}});
    };
    const auto done = make(), again = make();
    EXPECT_EQ(done.json.at("changes").as_array().size(), 2U) << done.body;
    EXPECT_EQ(again.json.at("version"), done.json.at("version")) << again.body;
}

TEST_F(ApiVersions, WhatWasReviewedIsWhatIsProvisioned) {
    const auto seen = get("/rule-sets/pay").json.at("metadata").at("revision").to_number<int>();
    ASSERT_EQ(edit_again().status, 200U);
    const auto late = post(
        "/provision",
        fmt::format(R"({{"objects":[{{"kind":"RuleSet","name":"pay","revision":{}}}]}})", seen));
    EXPECT_EQ(late.status, 412U) << late.body;
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    ASSERT_EQ(put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])")).status, 200U);
    const auto old = post("/provision", R"({"base":0})");
    EXPECT_EQ(old.status, 409U);
    EXPECT_EQ(old.code(), "conflict");
}

TEST_F(ApiVersions, ProvisioningIsReadStrictly) {
    for (const char* bad :
         {R"({"objects":[]})", R"({"objects":[{"kind":"Workload","name":"web-1"}]})",
          R"({"objects":[{"kind":"RuleSet"}]})",
          R"({"objects":[{"kind":"RuleSet","name":"pay","revison":1}]})",
          R"({"confirm_within_s":-1})", R"({"canary":{"percent":0}})",
          R"({"canary":{"percent":101}})", R"({"canary":{"percents":5}})", R"({"basis":1})"})
        EXPECT_EQ(post("/provision", bad).status, 422U) << bad;
    EXPECT_EQ(post("/provision", R"({"canary":{"query":"role="}})").status, 400U);
}

TEST_F(ApiVersions, GoingBackMakesAVersion) {
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    ASSERT_EQ(put("/rule-sets/pay", rule_set("pay", R"([{"app":"Shop"}])")).status, 200U);
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    const auto would = post("/rollback?dry_run=true", R"({"to":1})");
    EXPECT_EQ(would.names(), (std::vector<std::string>{"pay"}));
    EXPECT_EQ(would.json.at("agents"), json::parse(R"(["app-1","web-1"])"));
    EXPECT_EQ(get("/versions").json.at("total"), 2);
    const auto done = post("/rollback", R"({"to":1,"note":"it broke"})");
    EXPECT_EQ(done.json.at("version"), 3) << done.body;
    EXPECT_EQ(get("/versions/3").json.at("rollback_to"), 1);
    EXPECT_EQ(post("/rollback", R"({"to":9})").status, 404U);
    EXPECT_EQ(post("/rollback", "{}").status, 422U);
}

TEST_F(ApiVersions, AVersionThatWaitsIsConfirmedOrTakenBack) {
    EXPECT_EQ(get("/rollout").status, 404U);
    ASSERT_EQ(post("/provision", R"({"confirm_within_s":300})").status, 200U);
    const auto waiting = get("/rollout");
    EXPECT_EQ(waiting.json.at("phase"), "waiting");
    EXPECT_TRUE(waiting.json.as_object().contains("deadline"));
    const auto busy = post("/provision", "{}");
    EXPECT_EQ(busy.status, 409U);
    EXPECT_EQ(post("/rollout/confirm", "").json.at("phase"), "confirmed");
    EXPECT_EQ(post("/rollout/confirm", "").status, 409U);
    ASSERT_EQ(edit_again().status, 200U);
    ASSERT_EQ(post("/provision", R"({"confirm_within_s":300})").status, 200U);
    const auto back = post("/rollout/abort", R"({"reason":"the shop is down"})");
    EXPECT_EQ(back.json.at("phase"), "taken_back") << back.body;
    EXPECT_EQ(back.json.at("reason"), "the shop is down");
    EXPECT_EQ(post("/rollout/abort", "{}").status, 422U);
}

TEST_F(ApiVersions, ACanaryGoesFirst) {
    const auto nobody = post("/provision", R"({"canary":{"query":"role=DB"}})");
    EXPECT_EQ(nobody.status, 422U) << nobody.body;
    const auto done =
        post("/provision", R"({"canary":{"query":"role=App","percent":50,"max_blocks":0}})");
    ASSERT_EQ(done.status, 200U) << done.body;
    const auto state = get("/rollout");
    EXPECT_EQ(state.json.at("phase"), "canary");
    EXPECT_EQ(state.json.at("first"), json::parse(R"(["app-1"])"));
    EXPECT_EQ(fleet.hosts.at("app-1")->rules().size(), 1U);
    EXPECT_EQ(fleet.hosts.at("web-1")->rules().size(), 0U);
    EXPECT_EQ(post("/rollout/proceed", "").status, 200U);
    EXPECT_EQ(fleet.hosts.at("web-1")->rules().size(), 1U);
    EXPECT_EQ(post("/rollout/proceed", "").status, 409U);
}

TEST_F(ApiVersions, NothingIsProvisionedWhileItIsFrozen) {
    EXPECT_EQ(get("/freeze").json, json::parse(R"({"frozen":false})"));
    EXPECT_EQ(put("/freeze", R"({"reason":"quarter end"})").json.at("reason"), "quarter end");
    const auto frozen = post("/provision", "{}");
    EXPECT_EQ(frozen.status, 409U);
    EXPECT_EQ(frozen.code(), "frozen");
    EXPECT_EQ(put("/freeze", R"({"reason":""})").status, 422U);
    EXPECT_EQ(remove("/freeze").json.at("frozen"), false);
    EXPECT_EQ(post("/provision", "{}").status, 200U);
}

} // namespace
} // namespace ringwall::api_test
