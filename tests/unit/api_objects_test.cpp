// Documents: lists, GET, PUT, DELETE; revisions, dry runs, pages.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;

const std::string web_labels = R"({"role":"Web","app":"Payments"})";
const std::string scopes = R"([{"app":"Payments"}])";

using ApiObjects = ApiTest;

TEST_F(ApiObjects, WhatIsPutIsGot) {
    const auto made = put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1"));
    EXPECT_EQ(made.status, 201U) << made.body;
    EXPECT_EQ(made.json.at("edits").at(0).at("outcome"), "created");
    const auto got = get("/workloads/web-1");
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.headers.at("ETag"), made.headers.at("ETag"));
    EXPECT_EQ(got.json.at("spec").at("labels"), json::parse(web_labels));
    // And what was got can be put back.
    const auto back = put("/workloads/web-1", got.body);
    EXPECT_EQ(back.status, 200U) << back.body;
    EXPECT_EQ(back.json.at("edits").at(0).at("outcome"), "unchanged");
    EXPECT_EQ(controller().active().workload("web-1")->addresses.front().text(), "10.0.0.1");
}

TEST_F(ApiObjects, EveryKindOfDocumentGoesThrough) {
    const std::pair<const char*, const char*> kinds[]{
        {"services/dns",
         R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp","ports":[53]}]}})"},
        {"address-lists/office",
         R"({"apiVersion":"ringwall/v1","kind":"AddressList","metadata":{"name":"office"},"spec":{"cidrs":["10.20.0.0/16"]}})"},
        {"label-groups/pci",
         R"({"apiVersion":"ringwall/v1","kind":"LabelGroup","metadata":{"name":"pci"},"spec":{"labels":[{"app":["Payments","Billing"]}]}})"},
        {"rule-sets/payments",
         R"({"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"payments"},"spec":{"rules":[{"name":"a","action":"allow","from":[{"role":"Web"}],"to":[{"group":"pci"}],"services":[{"service":"dns"}]}]}})"},
        {"pairing-profiles/web",
         R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"web"},"spec":{"labels":{"env":"Production"},"uses":3,"locked":["env"]}})"},
        {"users/alice",
         R"({"apiVersion":"ringwall/v1","kind":"User","metadata":{"name":"alice"},"spec":{"role":"viewer"}})"},
    };
    for (const auto& [path, body] : kinds) {
        const auto where = std::string("/") + path;
        const auto made = put(where, body);
        EXPECT_EQ(made.status, 201U) << made.body;
        const auto got = get(where);
        EXPECT_EQ(got.status, 200U);
        EXPECT_EQ(put(where, got.body).json.at("edits").at(0).at("outcome"), "unchanged")
            << got.body;
        const auto list = get(where.substr(0, where.rfind('/')));
        EXPECT_EQ(list.json.at("total"), 1);
        EXPECT_EQ(list.json.at("items").at(0), got.json);
    }
    for (auto kind = std::rbegin(kinds); kind != std::rend(kinds); ++kind) {
        const auto gone = remove(std::string("/") + kind->first);
        EXPECT_EQ(gone.status, 200U) << gone.body;
        EXPECT_EQ(get(std::string("/") + kind->first).status, 404U);
        EXPECT_EQ(remove(std::string("/") + kind->first).status, 404U);
    }
}

TEST_F(ApiObjects, AStaleRevisionChangesNothing) {
    const auto made = put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1"));
    const auto first = made.headers.at("ETag");
    const auto second =
        put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.2"), {{"if-match", first}});
    EXPECT_EQ(second.status, 200U) << second.body;
    const auto late =
        put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.3"), {{"if-match", first}});
    EXPECT_EQ(late.status, 412U);
    EXPECT_EQ(late.code(), "stale");
    EXPECT_EQ(remove("/workloads/web-1", {{"if-match", first}}).status, 412U);
    EXPECT_EQ(get("/workloads/web-1").json.at("spec").at("addresses").at(0), "10.0.0.2");
    EXPECT_EQ(remove("/workloads/web-1", {{"if-match", second.headers.at("ETag")}}).status, 200U);
}

TEST_F(ApiObjects, PreconditionsAreReadStrictly) {
    const auto body = workload("web-1", web_labels, "10.0.0.1");
    EXPECT_EQ(put("/workloads/web-1", body, {{"if-match", "*"}}).status, 412U);
    EXPECT_EQ(put("/workloads/web-1", body, {{"if-none-match", "*"}}).status, 201U);
    const auto taken = put("/workloads/web-1", body, {{"if-none-match", "*"}});
    EXPECT_EQ(taken.status, 412U);
    EXPECT_EQ(taken.code(), "exists");
    EXPECT_EQ(put("/workloads/web-1", body, {{"if-match", "*"}}).status, 200U);
    for (const char* bad : {"17", "\"x\"", "\"\"", "\"1\", \"2\"", "\"1"})
        EXPECT_EQ(put("/workloads/web-1", body, {{"if-match", bad}}).status, 400U) << bad;
    EXPECT_EQ(put("/workloads/web-1", body, {{"if-match", "*"}, {"if-none-match", "*"}}).status,
              400U);
    EXPECT_EQ(remove("/workloads/web-1", {{"if-none-match", "*"}}).status, 400U);
}

TEST_F(ApiObjects, ARevisionInTheDocumentCountsToo) {
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1")).status, 201U);
    auto old = get("/workloads/web-1").json;
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.2")).status, 200U);
    old.at("spec").at("addresses") = json::array{"10.0.0.3"};
    EXPECT_EQ(put("/workloads/web-1", json::serialize(old)).status, 412U);
}

TEST_F(ApiObjects, AKnownRevisionIsNotSentAgain) {
    const auto made = put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1"));
    const auto tag = made.headers.at("ETag");
    EXPECT_EQ(get("/workloads/web-1", {{"if-none-match", tag}}).status, 304U);
    EXPECT_EQ(get("/workloads/web-1", {{"if-none-match", "\"999\", " + tag}}).status, 304U);
    EXPECT_EQ(get("/workloads/web-1", {{"if-none-match", "\"999\""}}).status, 200U);
    EXPECT_EQ(get("/workloads/web-1", {{"if-none-match", "999"}}).status, 400U);
}

TEST_F(ApiObjects, ADryRunSaysWhatWouldBe) {
    const auto would =
        put("/workloads/web-1?dry_run=true", workload("web-1", web_labels, "10.0.0.1"));
    EXPECT_EQ(would.status, 200U);
    EXPECT_EQ(would.json.at("edits").at(0).at("outcome"), "created");
    EXPECT_EQ(get("/workloads/web-1").status, 404U);
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1")).status, 201U);
    const auto change =
        put("/workloads/web-1?dry_run=true", workload("web-1", web_labels, "10.0.0.1", "full"));
    EXPECT_EQ(
        change.json.at("edits").at(0).at("differences"),
        json::parse(
            R"([{"pointer":"/spec/mode","kind":"changed","before":"visibility","after":"full"}])"));
    EXPECT_EQ(remove("/workloads/web-1?dry_run=true").json.at("edits").at(0).at("outcome"),
              "removed");
    EXPECT_EQ(get("/workloads/web-1").status, 200U);
}

TEST_F(ApiObjects, AWrongDocumentIsToldFieldByField) {
    const auto bad =
        put("/workloads/web-1",
            R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"web-1"},)"
            R"("spec":{"adresses":["10.0.0.1"],"mode":"fulll"}})");
    EXPECT_EQ(bad.status, 422U);
    EXPECT_EQ(bad.code(), "invalid");
    EXPECT_NE(bad.body.find("/spec/adresses"), std::string::npos) << bad.body;
    EXPECT_NE(bad.body.find("did you mean \\\"addresses\\\"?"), std::string::npos) << bad.body;
    EXPECT_NE(bad.body.find("/spec/mode"), std::string::npos) << bad.body;
}

TEST_F(ApiObjects, TheAddressAndTheDocumentHaveToAgree) {
    const auto other_name = put("/workloads/web-2", workload("web-1", web_labels, "10.0.0.1"));
    EXPECT_EQ(other_name.status, 422U);
    EXPECT_NE(other_name.body.find("/metadata/name"), std::string::npos);
    const auto other_kind = put("/services/web-1", workload("web-1", web_labels, "10.0.0.1"));
    EXPECT_EQ(other_kind.status, 422U);
    EXPECT_NE(other_kind.body.find("\"/kind\""), std::string::npos);
    EXPECT_EQ(
        put("/users/a",
            R"({"apiVersion":"ringwall/v2","kind":"Token","metadata":{"name":"b"},"spec":{"role":"viewer"}})")
            .sentences()
            .size(),
        3U);
}

TEST_F(ApiObjects, WhatOthersNeedIsNotRemoved) {
    ASSERT_EQ(
        put("/services/dns",
            R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp"}]}})")
            .status,
        201U);
    ASSERT_EQ(
        put("/rule-sets/r",
            R"({"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"r"},"spec":{"rules":[{"name":"a","action":"allow","from":[{"all":true}],"to":[{"all":true}],"services":[{"service":"dns"}]}]}})")
            .status,
        201U);
    const auto refused = remove("/services/dns");
    EXPECT_EQ(refused.status, 422U) << refused.body;
    EXPECT_NE(refused.body.find("dns"), std::string::npos);
}

TEST_F(ApiObjects, WarningsComeWithTheAnswer) {
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1")).status, 201U);
    const auto made = put("/rule-sets/payments", rule_set("payments", scopes));
    EXPECT_EQ(made.status, 201U) << made.body;
    EXPECT_FALSE(made.sentences().empty()) << "nobody is an App";
}

TEST_F(ApiObjects, AListIsReadPageByPage) {
    for (int i = 0; i < 25; ++i) {
        const auto name = fmt::format("web-{:02}", i);
        ASSERT_EQ(put("/workloads/" + name, workload(name, i % 2 ? web_labels : R"({"app":"Shop"})",
                                                     fmt::format("10.0.0.{}", i + 1)))
                      .status,
                  201U);
    }
    std::vector<std::string> seen;
    std::string next;
    for (bool more = true; more; more = !next.empty()) {
        const auto page = get("/workloads?limit=7" + (next.empty() ? "" : "&after=" + next));
        EXPECT_EQ(page.json.at("total"), 25);
        const auto names = page.names();
        seen.insert(seen.end(), names.begin(), names.end());
        const auto* cursor = page.json.as_object().if_contains("next");
        next = cursor ? std::string(cursor->as_string()) : "";
    }
    EXPECT_EQ(seen.size(), 25U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    for (const char* bad : {"limit=0", "limit=1001", "limit=x", "lmit=5"})
        EXPECT_EQ(get(std::string("/workloads?") + bad).status, 400U) << bad;
}

TEST_F(ApiObjects, WorkloadsAreSelectedByLabels) {
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.1")).status, 201U);
    ASSERT_EQ(put("/workloads/shop-1", workload("shop-1", R"({"app":"Shop"})", "10.0.0.2")).status,
              201U);
    const auto query = [&](const std::string& text) { return get("/workloads?labels=" + text); };
    EXPECT_EQ(query("app%3DPayments").names(), (std::vector<std::string>{"web-1"}));
    EXPECT_EQ(query("%21role").names(), (std::vector<std::string>{"shop-1"}));
    EXPECT_EQ(query("app+in+%28Payments%2CShop%29").json.at("total"), 2);
    const auto typo = query("app%3DPaymets");
    EXPECT_EQ(typo.json.at("total"), 0);
    ASSERT_EQ(typo.sentences().size(), 1U);
    EXPECT_NE(typo.sentences()[0].find("did you mean \"Payments\"?"), std::string::npos);
    const auto wrong = query("app%3D");
    EXPECT_EQ(wrong.status, 400U);
    EXPECT_NE(wrong.detail().find("at byte 4"), std::string::npos) << wrong.detail();
    EXPECT_EQ(get("/services?labels=app").status, 400U);
}

TEST_F(ApiObjects, AVersionIsReadLikeTheDraft) {
    ASSERT_EQ(put("/rule-sets/a", rule_set("a", scopes)).status, 201U);
    ASSERT_EQ(put("/rule-sets/b", rule_set("b", scopes)).status, 201U);
    ASSERT_EQ(
        put("/services/dns",
            R"({"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"dns"},"spec":{"ports":[{"proto":"udp"}]}})")
            .status,
        201U);
    EXPECT_EQ(get("/rule-sets?version=active").json.at("total"), 0);
    EXPECT_EQ(get("/rule-sets/a?version=active").status, 404U);
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    ASSERT_EQ(remove("/rule-sets/a").status, 200U);
    EXPECT_EQ(get("/rule-sets/a").status, 404U);
    EXPECT_EQ(get("/rule-sets/a?version=active").status, 200U);
    EXPECT_EQ(get("/rule-sets/a?version=1").json, get("/rule-sets/a?version=active").json);
    EXPECT_EQ(get("/rule-sets/aa?version=1").status, 404U);
    const auto page = get("/rule-sets?version=1&limit=1");
    EXPECT_EQ(page.names(), (std::vector<std::string>{"a"}));
    EXPECT_EQ(page.json.at("total"), 2);
    EXPECT_EQ(get("/rule-sets?version=1&limit=1&after=a").names(), (std::vector<std::string>{"b"}));
    EXPECT_EQ(get("/rule-sets?version=7").status, 404U);
    EXPECT_EQ(get("/rule-sets?version=newest").status, 400U);
    EXPECT_EQ(get("/workloads?version=active").status, 400U);
}

TEST_F(ApiObjects, TheSameKeyDoesNothingTwice) {
    const auto body = workload("web-1", web_labels, "10.0.0.1");
    const auto first = put("/workloads/web-1", body, {{"idempotency-key", "k1"}});
    ASSERT_EQ(first.status, 201U);
    ASSERT_EQ(remove("/workloads/web-1").status, 200U);
    const auto again = put("/workloads/web-1", body, {{"idempotency-key", "k1"}});
    EXPECT_EQ(again.status, 201U) << again.body;
    EXPECT_EQ(get("/workloads/web-1").status, 404U) << "it was not done again";
    const auto other = put("/workloads/web-1", workload("web-1", web_labels, "10.0.0.2"),
                           {{"idempotency-key", "k1"}});
    EXPECT_EQ(other.status, 409U);
    EXPECT_EQ(other.code(), "reused_key");
}

TEST_F(ApiObjects, AProfileNeverShowsItsTokens) {
    ASSERT_EQ(
        put("/pairing-profiles/web",
            R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"web"},"spec":{}})")
            .status,
        201U);
    ASSERT_EQ(post("/pairing-profiles/web/line", "{}").status, 200U);
    for (const char* path : {"/pairing-profiles/web", "/pairing-profiles", "/audit"})
        EXPECT_EQ(get(path).body.find("tokens"), std::string::npos) << path;
    EXPECT_EQ(
        put("/pairing-profiles/web",
            R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"web"},"spec":{"tokens":["00"]}})")
            .status,
        422U);
}

} // namespace
} // namespace ringwall::api_test
