// Pairing over REST, agents, commands.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/pki/request.h"
#include "control/pki/pairing_line.h"
#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class ApiAgents : public ApiTest {
  protected:
    std::string token_of_line() {
        EXPECT_EQ(
            put("/pairing-profiles/web",
                R"({"apiVersion":"ringwall/v1","kind":"PairingProfile","metadata":{"name":"web"},"spec":{"labels":{"role":"Web"},"uses":1}})")
                .status,
            201U);
        const auto line = post("/pairing-profiles/web/line", "{}");
        EXPECT_EQ(line.status, 200U) << line.body;
        const auto parsed = pki::parse_line(line.json.at("line").as_string());
        EXPECT_TRUE(parsed);
        return parsed ? parsed->token : "";
    }
    json::object request(const std::string& token) {
        const auto key = pki::PrivateKey::generate(pki::KeyKind::tls);
        return {{"token", token},
                {"csr", *pki::make_request(*key, "web-1")},
                {"hostname", "web-1"},
                {"machine_id", std::string(32, 'a')},
                {"addresses", json::array{"10.0.0.1", "2001:db8::1"}}};
    }
};

TEST_F(ApiAgents, AHostPairsWithTheTokenOfALine) {
    auto wanted = request(token_of_line());
    bearer.clear();
    wanted["labels"] = json::object{{"app", "Payments"}};
    const auto paired = post("/pair", json::serialize(wanted));
    ASSERT_EQ(paired.status, 200U) << paired.body;
    EXPECT_EQ(paired.json.at("agent"), "web-1");
    EXPECT_FALSE(paired.json.at("endpoints").as_array().empty());
    EXPECT_EQ(controller().draft().workload("web-1")->labels,
              (model::Labels{{"app", "Payments"}, {"role", "Web"}}));
    wanted["machine_id"] = std::string(32, 'b');
    wanted["name"] = "web-2";
    const auto used_up = post("/pair", json::serialize(wanted));
    EXPECT_EQ(used_up.status, 403U) << used_up.body;
    // A certificate is renewed with the one there is.
    const auto key = pki::PrivateKey::generate(pki::KeyKind::tls);
    const auto csr = json::serialize(json::object{{"csr", *pki::make_request(*key, "web-1")}});
    EXPECT_EQ(post("/renew", csr).status, 401U);
    client_agent = "web-1";
    EXPECT_EQ(post("/renew", csr).status, 200U);
    EXPECT_EQ(post("/renew", R"({"csr":"x"})").status, 422U);
}

TEST_F(ApiAgents, PairingIsReadStrictlyAndGuessedSlowly) {
    auto wanted = request(std::string(64, '0'));
    bearer.clear();
    auto bad = wanted;
    bad["addresses"] = json::array{"nowhere"};
    bad["host"] = "x";
    bad.erase("csr");
    const auto refused = post("/pair", json::serialize(bad));
    EXPECT_EQ(refused.status, 422U);
    EXPECT_EQ(refused.sentences().size(), 3U) << refused.body;
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(post("/pair", json::serialize(wanted)).status, 403U);
    EXPECT_EQ(post("/pair", json::serialize(wanted)).status, 429U);
}

TEST_F(ApiAgents, ALineIsForANameOfTheController) {
    token_of_line();
    EXPECT_EQ(post("/pairing-profiles/web/line", R"({"host":"controller.test"})").status, 200U);
    EXPECT_EQ(post("/pairing-profiles/web/line", R"({"host":"elsewhere.test"})").status, 422U);
    EXPECT_EQ(post("/pairing-profiles/none/line", "{}").status, 404U);
}

TEST_F(ApiAgents, AnAgentIsShownWithItsWorkload) {
    const auto host = fleet.pair("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1");
    v1::HostReport report;
    report.set_hostname("web-1");
    report.set_os("Debian");
    report.set_kernel("6.1");
    report.set_taken_ns(fleet.me().time_ns);
    auto& interface = *report.add_interfaces();
    interface.set_name("eth0");
    interface.set_mac(std::string("\x02\x00\x5e\xff\x00\x01", 6));
    interface.add_addresses(std::string("\x0a\x00\x00\x01", 4));
    interface.set_up(true);
    auto& listener = *report.add_listeners();
    listener.set_protocol(6);
    listener.set_port(80);
    listener.set_address(std::string(4, '\0'));
    listener.mutable_process()->set_path("/usr/sbin/nginx");
    host->report(report);
    fleet.settle();
    const auto one = get("/agents/web-1");
    ASSERT_EQ(one.status, 200U);
    EXPECT_EQ(one.json.at("presence"), "online");
    EXPECT_EQ(one.json.at("labels").at("role"), "Web");
    EXPECT_EQ(one.json.at("report").at("interfaces").at(0).at("mac"), "02:00:5e:ff:00:01");
    EXPECT_EQ(one.json.at("report").at("listeners").at(0).at("process").at("path"),
              "/usr/sbin/nginx");
    EXPECT_EQ(get("/agents/none").status, 404U);
}

TEST_F(ApiAgents, AgentsAreListedByPresenceAndLabels) {
    fleet.pair("web-1", R"({"role":"Web"})", "10.0.0.1");
    fleet.pair("app-1", R"({"role":"App"})", "10.0.0.2");
    fleet.pair("app-2", R"({"role":"App"})", "10.0.0.3")->stop();
    fleet.pass(70s);
    using Names = std::vector<std::string>;
    EXPECT_EQ(get("/agents").names(), (Names{"app-1", "app-2", "web-1"}));
    EXPECT_EQ(get("/agents?labels=role%3DApp").names(), (Names{"app-1", "app-2"}));
    EXPECT_EQ(get("/agents?presence=silent").names(), (Names{"app-2"}));
    const auto page = get("/agents?limit=2");
    EXPECT_EQ(page.json.at("next"), "app-2");
    EXPECT_EQ(page.json.at("total"), 3);
    EXPECT_EQ(get("/agents?limit=2&after=app-2").names(), (Names{"web-1"}));
    EXPECT_EQ(get("/agents?presence=here").status, 400U);
}

TEST_F(ApiAgents, ACommandIsAnsweredByTheAgent) {
    fleet.pair("web-1", R"({"role":"Web"})", "10.0.0.1");
    std::optional<http::Response> later;
    http::Request request{
        "POST",
        "/api/v1/agents/web-1/commands",
        {{"authorization", "Bearer " + bearer}, {"content-type", "application/json"}},
        R"({"pause":600})",
        client,
        ""};
    running->handle(request, [&](http::Response out) { later = std::move(out); });
    fleet.settle();
    ASSERT_TRUE(later);
    EXPECT_EQ(later->status, 200U);
    EXPECT_EQ(json::parse(later->body), json::parse(R"({"ok":true,"sentence":"done"})"));
    EXPECT_EQ(post("/agents/web-1/commands",
                   R"({"end":{"subject":"web-1","peer":"10.0.0.2","proto":"tcp","port":80}})")
                  .status,
              200U);
}

TEST_F(ApiAgents, ACommandIsOneThing) {
    fleet.pair("web-1", R"({"role":"Web"})", "10.0.0.1");
    for (const char* bad :
         {"{}", R"({"pause":600,"resume":true})", R"({"pause":0})", R"({"pause":100000})",
          R"({"resume":false})", R"({"end":{}})", R"({"end":{"subject":"a","peer":"x"}})",
          R"({"pasue":600})", R"({"end":{"subject":"a","proto":"tpc"}})"})
        EXPECT_EQ(post("/agents/web-1/commands", bad).status, 422U) << bad;
    fleet.hosts.at("web-1")->stop();
    EXPECT_EQ(post("/agents/web-1/commands", R"({"resume":true})").status, 409U);
    EXPECT_EQ(post("/agents/none/commands", R"({"resume":true})").status, 404U);
}

TEST_F(ApiAgents, ARevokedAgentIsTold) {
    fleet.pair("web-1", R"({"role":"Web"})", "10.0.0.1");
    EXPECT_EQ(post("/agents/web-1/revoke", "{}").status, 422U);
    EXPECT_EQ(post("/agents/web-1/revoke", R"({"reason":"sold"})").status, 204U);
    EXPECT_EQ(get("/agents/web-1").json.at("revoked"), "sold");
    EXPECT_FALSE(fleet.hosts.at("web-1")->online());
}

} // namespace
} // namespace ringwall::api_test
