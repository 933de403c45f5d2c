// The staged draft and what agents saw of it, as the API shows them and lets them be changed.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;
using Names = std::vector<std::string>;

const std::string pay_app = R"({"role":"App","app":"Payments"})";

class ApiStaging : public ApiTest {
  protected:
    ApiStaging() {
        fleet.pair("web-1", pay, "10.0.0.1");
        fleet.pair("app-1", pay_app, "10.0.1.1");
        fleet.pair("shop-1", shop, "10.0.2.1");
        for (const auto& [name, app] : {std::pair{"pay", "Payments"}, std::pair{"shop", "Shop"}})
            EXPECT_EQ(put(fmt::format("/rule-sets/{}", name),
                          rule_set(name, fmt::format(R"([{{"app":"{}"}}])", app)))
                          .status,
                      201U);
    }

    static v1::ImpactRow row(const std::string& subject, std::uint64_t count, std::uint32_t port,
                             bool allows = false) {
        v1::ImpactRow out;
        out.set_subject(subject);
        out.set_allows(allows);
        out.set_direction(v1::INBOUND);
        out.set_protocol(6);
        out.set_port(port);
        out.set_peer(std::string("\x0a\x00\x00\x01", 4));
        out.set_reason("no rule");
        out.set_active_reason("allow");
        out.add_active_rules("old/rule");
        out.set_count(count);
        out.set_first_ns(1'800'000'000'000'000'000);
        out.set_last_ns(1'800'000'001'000'000'000);
        return out;
    }
    void report(const std::string& agent, const std::vector<v1::ImpactRow>& rows,
                std::uint64_t same = 0, std::uint64_t omitted = 0) {
        v1::Impact impact;
        impact.set_staging(controller().staging()->number);
        impact.set_same(same);
        impact.set_omitted(omitted);
        for (const auto& each : rows)
            *impact.add_rows() = each;
        fleet.hosts.at(agent)->send_impact(impact);
        fleet.settle();
    }
    static Names subjects(const Answer& answer) {
        Names out;
        for (const auto& item : answer.json.at("items").as_array())
            out.emplace_back(item.at("subject").at("workload").as_string());
        return out;
    }
};

TEST_F(ApiStaging, TheDraftIsStagedShownAndTakenOff) {
    EXPECT_EQ(get("/staging").status, 404U);
    EXPECT_EQ(get("/impact").status, 404U);
    EXPECT_EQ(remove("/staging").status, 404U);

    const auto would = put("/staging?dry_run=true", "{}");
    ASSERT_EQ(would.status, 200U) << would.body;
    EXPECT_FALSE(would.json.as_object().contains("number"));
    EXPECT_EQ(get("/staging").status, 404U);

    const auto done = put("/staging", R"({"note":"CHG-1","base":0})");
    ASSERT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.json.at("number"), 1);
    EXPECT_EQ(done.names(), (Names{"pay", "shop"}));
    EXPECT_EQ(done.json.at("agents"), would.json.at("agents"));
    fleet.settle();
    EXPECT_EQ(fleet.hosts.at("app-1")->staged_rules().size(), 1U);
    EXPECT_TRUE(fleet.hosts.at("app-1")->rules().empty());
    EXPECT_EQ(get("/versions").json.at("total"), 0);

    report("app-1", {});
    const auto shown = get("/staging");
    EXPECT_EQ(shown.json.at("note"), "CHG-1");
    EXPECT_EQ(shown.json.at("actor"), "token admin");
    EXPECT_EQ(shown.json.at("changes").at(0).at("outcome"), "created");
    EXPECT_EQ(shown.json.at("agents"), json::parse(R"([{"name":"app-1","reported":true},
                                                      {"name":"web-1","reported":false}])"));
    EXPECT_EQ(remove("/staging").status, 204U);
    EXPECT_EQ(get("/staging").status, 404U);
    fleet.settle();
    EXPECT_FALSE(fleet.hosts.at("app-1")->policy().has_staged());
}

TEST_F(ApiStaging, WhatIsWrongIsNamed) {
    EXPECT_EQ(put("/staging", R"({"objects":[{"kind":"Workload","name":"web-1"}]})").status, 422U);
    EXPECT_EQ(put("/staging", R"({"confirm_within_s":60})").status, 422U);
    EXPECT_EQ(put("/staging", R"({"base":7})").status, 409U);
    EXPECT_EQ(put("/staging?fast=true", "{}").status, 400U);
    EXPECT_EQ(
        put("/staging", R"({"objects":[{"kind":"RuleSet","name":"pay","revision":1}]})").status,
        412U);
    ASSERT_EQ(post("/provision", "{}").status, 200U);
    const auto nothing = put("/staging", "{}");
    EXPECT_EQ(nothing.status, 409U);
    EXPECT_EQ(nothing.code(), "nothing");
    EXPECT_EQ(nothing.detail(), "nothing to stage: the draft is the active version");
}

TEST_F(ApiStaging, ImpactIsToldInWords) {
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    auto seen = row("app-1", 3, 8080);
    seen.mutable_process()->set_unit("tomcat10.service");
    seen.mutable_process()->set_path("/usr/bin/java");
    for (const auto& owner : fleet.hosts.at("app-1")->inventory().addresses())
        if (owner.address() == seen.peer())
            seen.add_peer_identities(owner.identities(0));
    ASSERT_EQ(seen.peer_identities_size(), 1);
    report("app-1", {seen}, 40, 2);
    const auto answer = get("/impact");
    ASSERT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(answer.json.at("staging"), 1);
    EXPECT_EQ(answer.json.at("totals"),
              json::parse(R"({"same":40,"newly_blocked":3,"newly_allowed":0,"omitted":2,
                              "agents_reporting":1,"agents_concerned":2})"));
    auto item = answer.json.at("items").at(0).as_object();
    item.erase("id");
    EXPECT_EQ(json::value(item), json::parse(R"({
        "change":"newly-blocked","direction":"inbound","protocol":"tcp","port":8080,"count":3,
        "subject":{"workload":"app-1","labels":{"role":"App","app":"Payments"}},
        "peer":{"address":"10.0.0.1","workload":"web-1",
                "labels":[{"app":"Payments","role":"Web"}]},
        "process":{"shown":"tomcat10.service","path":"/usr/bin/java","unit":"tomcat10.service"},
        "draft":{"reason":"no rule","rules":[]},
        "active":{"reason":"allow","rules":["old/rule"]},
        "first":"2027-01-15T08:00:00.000Z","last":"2027-01-15T08:00:01.000Z","agents":["app-1"]})"))
        << json::serialize(item);

    auto ping = row("app-1", 1, 8 << 8 | 1);
    ping.set_protocol(1);
    ping.set_peer("not an address");
    ping.add_peer_lists("office");
    ping.add_peer_identities(4'000'000);
    report("app-1", {ping});
    const auto other = get("/impact").json.at("items").at(0);
    EXPECT_EQ(other.at("icmp"), json::parse(R"({"type":8,"code":1})"));
    EXPECT_EQ(other.at("peer"), json::parse(R"({"address":"","lists":["office"]})"));
}

TEST_F(ApiStaging, RowsAreChosenByLabelsAgentAndChange) {
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    report("app-1", {row("app-1", 5, 1), row("app-1", 9, 2, true)}, 10);
    report("web-1", {row("web-1", 7, 3)}, 20);
    EXPECT_EQ(subjects(get("/impact")), (Names{"web-1", "app-1", "app-1"}));
    EXPECT_EQ(subjects(get("/impact?agent=web-1")), (Names{"web-1"}));
    EXPECT_EQ(get("/impact?agent=web-1").json.at("totals").at("same"), 20);
    const auto allowed = get("/impact?change=newly-allowed");
    EXPECT_EQ(subjects(allowed), (Names{"app-1"}));
    EXPECT_EQ(allowed.json.at("total"), 1);
    EXPECT_EQ(allowed.json.at("totals").at("newly_blocked"), 12);
    const auto by_label = get("/impact?labels=role%3DApp");
    EXPECT_EQ(subjects(by_label), (Names{"app-1", "app-1"}));
    EXPECT_EQ(by_label.json.at("totals").at("agents_concerned"), 1);
    EXPECT_EQ(get("/impact?labels=role%3DApq").sentences().size(), 1U) << "nobody has it";
    EXPECT_EQ(get("/impact?change=other").status, 400U);
    EXPECT_EQ(get("/impact?labels=%3D").status, 400U);
    EXPECT_EQ(get("/impact?after=x").status, 400U);
}

TEST_F(ApiStaging, AnAgentThatCannotJudgeIsNamed) {
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    v1::Impact impact;
    impact.set_staging(controller().staging()->number);
    impact.set_trouble("user \"x\" is not known here");
    fleet.hosts.at("app-1")->send_impact(impact);
    fleet.settle();
    const auto seen = get("/impact");
    EXPECT_EQ(seen.json.at("totals").at("agents_reporting"), 0);
    const auto& warnings = seen.json.at("warnings").as_array();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(json::serialize(warnings[0]).find("is not known here"), std::string::npos);
    EXPECT_NE(get("/staging").body.find("is not known here"), std::string::npos);
}

TEST_F(ApiStaging, PagesHaveEveryRowOnce) {
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    std::vector<v1::ImpactRow> rows;
    for (std::uint32_t i = 0; i < 7; ++i)
        rows.push_back(row("app-1", 1 + i / 3, i, i % 2 == 0));
    report("app-1", rows);
    std::set<std::string> ids;
    std::string after;
    int pages = 0;
    do {
        const auto page = get("/impact?limit=2" + (after.empty() ? "" : "&after=" + after));
        ASSERT_EQ(page.status, 200U) << page.body;
        EXPECT_EQ(page.json.at("total"), 7);
        for (const auto& item : page.json.at("items").as_array())
            EXPECT_TRUE(ids.emplace(item.at("id").as_string()).second);
        const auto* next = page.json.as_object().if_contains("next");
        after = next ? std::string(next->as_string()) : std::string();
        ++pages;
    } while (!after.empty());
    EXPECT_EQ(pages, 4);
    EXPECT_EQ(ids.size(), 7U);
}

TEST_F(ApiStaging, RolesSeeAndStageWhatLiesInside) {
    become("viewer", "viewer");
    EXPECT_EQ(put("/staging", "{}").status, 403U);
    become("editor", "editor");
    EXPECT_EQ(put("/staging", "{}").status, 403U);

    become("pay-provisioner", "provisioner", pay_scope);
    const auto done = put("/staging", "{}");
    ASSERT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.names(), (Names{"pay"}));
    EXPECT_EQ(put("/staging", R"({"objects":[{"kind":"RuleSet","name":"shop"}]})").status, 403U);
    report("app-1", {row("app-1", 1, 80)}, 1);
    report("shop-1", {row("shop-1", 1, 80)}, 1);
    EXPECT_EQ(subjects(get("/impact")), (Names{"app-1"}));
    EXPECT_EQ(get("/impact").json.at("totals").at("agents_reporting"), 1);
    EXPECT_EQ(remove("/staging").status, 204U);

    become("shop-viewer", "viewer", R"({"app":["Shop"]})");
    EXPECT_EQ(remove("/staging").status, 403U);
    be_owner();
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    report("app-1", {row("app-1", 1, 80)}, 1);
    become("shop-viewer-2", "viewer", R"({"app":["Shop"]})");
    EXPECT_TRUE(get("/impact").json.at("items").as_array().empty());
    EXPECT_TRUE(get("/staging").json.at("agents").as_array().empty());
    become("pay-provisioner-2", "provisioner", pay_scope);
    EXPECT_EQ(put("/staging", "{}").status, 403U) << "somebody else's would be replaced";
    EXPECT_EQ(remove("/staging").status, 403U);
}

TEST_F(ApiStaging, EventsTellOfIt) {
    const auto answer = get("/events?types=staging");
    ASSERT_EQ(answer.status, 200U);
    const auto reader = std::make_shared<Reader>();
    answer.stream(reader);
    ASSERT_EQ(put("/staging", "{}").status, 200U);
    report("app-1", {});
    EXPECT_NE(reader->text.find(R"({"number":1,"what":"staged","actor":"token admin"})"),
              std::string::npos)
        << reader->text;
    EXPECT_NE(reader->text.find(R"({"number":1,"what":"reported","agent":"app-1"})"),
              std::string::npos);
}

TEST_F(ApiStaging, MetricsSumItUp) {
    const auto text = [&] { return send("GET", "/metrics").body; };
    EXPECT_NE(text().find("ringwall_controller_staging 0\n"), std::string::npos);
    EXPECT_EQ(put("/staging", R"({"base":0})").status, 200U);
    fleet.settle();
    report("web-1", {row("web-1", 3, 80)}, 5, 1);
    report("app-1", {row("app-1", 4, 80), row("app-1", 2, 81, true)}, 6);
    const auto said = text();
    for (const char* line :
         {"ringwall_controller_staging 1\n",
          "ringwall_controller_staging_connections{change=\"same\"} 11\n",
          "ringwall_controller_staging_connections{change=\"newly-blocked\"} 7\n",
          "ringwall_controller_staging_connections{change=\"newly-allowed\"} 2\n",
          "ringwall_controller_staging_omitted 1\n",
          "ringwall_controller_staging_agents_reporting 2\n"})
        EXPECT_NE(said.find(line), std::string::npos) << line << said;
}

} // namespace
} // namespace ringwall::api_test
