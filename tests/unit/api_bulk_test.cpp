// /apply with pruning, and many workloads at once.
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiBulk : public ApiTest {
  protected:
    ApiBulk() {
        EXPECT_EQ(
            apply({workload("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1"),
                   workload("web-2", R"({"role":"Web","app":"Payments"})", "10.0.0.2"),
                   workload("shop-1", R"({"role":"Web","app":"Shop"})", "10.0.0.3"), unmanaged})
                .status,
            200U);
    }
    Answer apply(const std::vector<std::string>& documents, const std::string& more = "",
                 const std::string& query = "") {
        std::string list;
        for (const auto& document : documents)
            list += (list.empty() ? "" : ",") + document;
        return post("/apply" + query, R"({"documents":[)" + list + "]" + more + "}");
    }
    std::string mode(const std::string& name) {
        return model::name(controller().draft().workload(name)->mode);
    }

    static inline const std::string unmanaged =
        R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"printer"},)"
        R"("spec":{"labels":{"app":"Payments"},"addresses":["10.0.0.9"],"managed":false}})";
};

TEST_F(ApiBulk, AllOrNone) {
    const auto bad = apply({workload("web-3", R"({"app":"x"})", "10.0.0.4"),
                            workload("web-4", R"({"app":"x"})", "no address"), "17"});
    EXPECT_EQ(bad.status, 422U);
    EXPECT_GE(bad.sentences().size(), 2U);
    EXPECT_NE(bad.body.find("/documents/2"), std::string::npos) << bad.body;
    EXPECT_EQ(get("/workloads/web-3").status, 404U);
}

TEST_F(ApiBulk, EditsComeInTheOrderOfTheRequest) {
    const auto done = apply({workload("web-2", R"({"role":"Web","app":"Payments"})", "10.0.0.2"),
                             workload("web-1", R"({"role":"App","app":"Payments"})", "10.0.0.1"),
                             workload("new-1", R"({"app":"x"})", "10.0.0.7")});
    ASSERT_EQ(done.names(), (std::vector<std::string>{"web-2", "web-1", "new-1"}));
    const auto outcome = [&](int i) { return done.json.at("edits").at(i).at("outcome"); };
    EXPECT_EQ(outcome(0), "unchanged");
    EXPECT_EQ(outcome(1), "changed");
    EXPECT_EQ(outcome(2), "created");
    EXPECT_EQ(done.json.at("edits").at(1).at("differences").at(0).at("pointer"),
              "/spec/labels/role");
}

TEST_F(ApiBulk, PruningRemovesWhatIsNotThere) {
    const auto one = workload("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1");
    const auto would =
        apply({one}, R"(,"prune":{"kinds":["Workload"],"labels":"app=Payments"})", "?dry_run=true");
    EXPECT_EQ(would.names(), (std::vector<std::string>{"web-1", "printer", "web-2"}));
    EXPECT_EQ(get("/workloads/web-2").status, 200U);
    EXPECT_EQ(apply({one}, R"(,"prune":{"kinds":["Workload"],"labels":"app=Payments"})").status,
              200U);
    EXPECT_EQ(get("/workloads/web-2").status, 404U);
    EXPECT_EQ(get("/workloads/shop-1").status, 200U);
    EXPECT_EQ(apply({one}, R"(,"prune":{"kinds":["Workload"]})").status, 200U);
    EXPECT_EQ(get("/workloads").json.at("total"), 1);
}

TEST_F(ApiBulk, PruningByLabelsMeansRuleSetsOfTheseScopes) {
    ASSERT_EQ(
        apply({rule_set("pay", R"([{"app":"Payments"}])"), rule_set("shop", R"([{"app":"Shop"}])"),
               rule_set("both", R"([{"app":"Payments"},{"app":"Shop"}])"), rule_set("open", "")})
            .status,
        200U);
    const auto done = apply({}, R"(,"prune":{"kinds":["RuleSet"],"labels":"app=Payments"})");
    EXPECT_EQ(done.names(), (std::vector<std::string>{"pay"}));
    EXPECT_EQ(apply({}, R"(,"prune":{"kinds":["Service"],"labels":"app=Payments"})").status, 422U);
    EXPECT_EQ(apply({}, R"(,"prune":{"kinds":["Token"]})").status, 422U);
    EXPECT_EQ(apply({}, R"(,"prune":{"kinds":["RuleSet"],"labels":"app="})").status, 422U);
    EXPECT_EQ(apply({}).json.at("edits").as_array().size(), 0U);
}

TEST_F(ApiBulk, OnlyPolicyIsApplied) {
    const auto token = apply(
        {R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"x"},"spec":{"role":"owner"}})"});
    EXPECT_EQ(token.status, 422U) << token.body;
    EXPECT_EQ(get("/tokens/x").status, 404U);
}

TEST_F(ApiBulk, UnknownFieldsAreErrors) {
    const auto bad = apply({}, R"(,"prunes":{})");
    EXPECT_EQ(bad.status, 422U);
    EXPECT_NE(bad.detail().find("did you mean \"prune\"?"), std::string::npos) << bad.detail();
    EXPECT_EQ(post("/apply", "[]").status, 422U);
    EXPECT_EQ(post("/apply", "{}").status, 422U);
}

TEST_F(ApiBulk, TheNoteStandsInTheAuditLog) {
    ASSERT_EQ(
        apply({workload("web-9", R"({"app":"x"})", "10.0.0.19")}, R"(,"note":"CHG-1234")").status,
        200U);
    EXPECT_EQ(get("/audit?limit=1").json.at("items").at(0).at("origin"), "192.0.2.7, \"CHG-1234\"");
}

TEST_F(ApiBulk, TheSameDocumentTwiceIsRefused) {
    const auto one = workload("web-1", R"({"app":"x"})", "10.0.0.1");
    EXPECT_EQ(apply({one, one}).status, 422U);
}

TEST_F(ApiBulk, ModesAreSetByLabels) {
    const auto done = post("/workloads/mode", R"({"labels":"app=Payments","mode":"full"})");
    EXPECT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.names(), (std::vector<std::string>{"web-1", "web-2"}));
    ASSERT_EQ(done.sentences().size(), 1U);
    EXPECT_NE(done.sentences()[0].find("printer"), std::string::npos) << "it has no agent";
    EXPECT_EQ(mode("web-1"), "full");
    EXPECT_EQ(mode("shop-1"), "visibility");
}

TEST_F(ApiBulk, ModesAreSetByName) {
    EXPECT_EQ(post("/workloads/mode?dry_run=true", R"({"names":["shop-1"],"mode":"idle"})").status,
              200U);
    EXPECT_EQ(mode("shop-1"), "visibility");
    EXPECT_EQ(post("/workloads/mode", R"({"names":["shop-1"],"mode":"idle"})").status, 200U);
    EXPECT_EQ(mode("shop-1"), "idle");
    EXPECT_EQ(post("/workloads/mode", R"({"names":["printer"],"mode":"idle"})").status, 422U);
    const auto missing = post("/workloads/mode", R"({"names":["shop-1","nobody"],"mode":"full"})");
    EXPECT_EQ(missing.status, 404U);
    EXPECT_EQ(mode("shop-1"), "idle");
}

TEST_F(ApiBulk, WhichWorkloadsHasToBeSaidOnce) {
    for (const char* bad : {R"({"mode":"full"})", R"({"mode":"full","labels":"app","names":["a"]})",
                            R"({"labels":"app"})", R"({"labels":"app","mode":"off"})",
                            R"({"labels":"app","mode":"full","dry_run":true})"})
        EXPECT_EQ(post("/workloads/mode", bad).status, 422U) << bad;
    EXPECT_EQ(post("/workloads/mode", R"({"labels":"app=","mode":"full"})").status, 400U);
    const auto nobody = post("/workloads/mode", R"({"labels":"app=Paymets","mode":"full"})");
    EXPECT_EQ(nobody.status, 200U);
    EXPECT_NE(nobody.sentences().at(0).find("did you mean"), std::string::npos);
}

TEST_F(ApiBulk, TheStepToFullWarnsOfWhatItWouldCut) {
    flow_source.arrive(
        R"({"id":"1","started":"2027-01-15T08:59:00Z","time":"2027-01-15T08:59:00Z","count":2,"verdict":"would-block","reason":"no-rule","rules":[],"direction":"inbound","protocol":"tcp","port":22,"source":{"address":"10.0.0.3"},"destination":{"address":"10.0.0.1","workload":"web-1"},"subject":"web-1"})");
    const auto done =
        post("/workloads/mode?dry_run=true", R"({"names":["web-1","web-2"],"mode":"full"})");
    ASSERT_EQ(done.sentences().size(), 1U) << done.body;
    EXPECT_NE(done.sentences()[0].find("1 kinds of flows"), std::string::npos);
    EXPECT_TRUE(post("/workloads/mode?dry_run=true", R"({"names":["web-1"],"mode":"selective"})")
                    .sentences()
                    .empty());
}

TEST_F(ApiBulk, LabelsAreSetAndRemoved) {
    const auto done = post("/workloads/labels",
                           R"({"labels":"app=Payments","set":{"loc":"UK"},"remove":["role"]})");
    EXPECT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.json.at("edits").as_array().size(), 3U);
    const auto& labels = controller().draft().workload("web-1")->labels;
    EXPECT_EQ(labels, (model::Labels{{"app", "Payments"}, {"loc", "UK"}}));
    for (const char* bad :
         {R"({"labels":"app"})", R"({"labels":"app","set":{}})",
          R"({"labels":"app","set":{"loc":""}})", R"({"labels":"app","set":{"loc":1}})",
          R"({"labels":"app","set":{"loc":"UK"},"remove":["loc"]})",
          R"({"names":["web-1"],"set":{"any":"x"}})"})
        EXPECT_EQ(post("/workloads/labels", bad).status, 422U) << bad;
}

} // namespace
} // namespace ringwall::api_test
