// The CA over REST: what is shown, the three steps, who may.
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class ApiAuthority : public ApiTest {
  protected:
    Answer step(const std::string& name, const std::string& query = "") {
        auto out = post("/authority/rotation" + query, R"({"step":")" + name + R"("})");
        fleet.settle();
        return out;
    }
    std::vector<std::string> phases() {
        std::vector<std::string> out;
        const auto shown = get("/authority");
        for (const auto& ca : shown.json.at("authorities").as_array())
            out.emplace_back(ca.at("phase").as_string());
        return out;
    }
};

using Names = std::vector<std::string>;

TEST_F(ApiAuthority, TheCaIsShown) {
    const auto shown = get("/authority");
    ASSERT_EQ(shown.status, 200U) << shown.body;
    EXPECT_EQ(phases(), Names{"issuing"});
    const auto& ca = shown.json.at("authorities").at(0);
    EXPECT_EQ(ca.at("fingerprint").as_string(),
              pki::parse_certificates(controller().trust_bundle())->front().fingerprint);
    EXPECT_TRUE(std::string(ca.at("not_after").as_string()).starts_with("2037-"))
        << "ten years from 2027 on";
    EXPECT_EQ(ca.at("since"), 1);
    EXPECT_EQ(shown.json.at("rotation_due"), false);
    EXPECT_EQ(shown.json.at("unacknowledged"),
              json::parse(R"({"total":0,"connected":0,"first":[]})"));
}

TEST_F(ApiAuthority, TheStepsAreTakenInTheirOrder) {
    fleet.pair("web-1", R"({"role":"Web"})", "10.0.0.1");
    EXPECT_EQ(step("switch").status, 409U);
    const auto announced = step("announce");
    ASSERT_EQ(announced.status, 200U) << announced.body;
    EXPECT_EQ(announced.json.at("bundle"), 2);
    EXPECT_EQ(announced.json.at("unacknowledged"),
              json::parse(R"({"total":1,"connected":1,"first":["web-1"]})"));
    EXPECT_EQ(phases(), (Names{"issuing", "announced"}));
    fleet.pass(5s);
    EXPECT_EQ(step("switch").status, 200U);
    EXPECT_EQ(phases(), (Names{"retiring", "issuing"}));
    const auto early = step("retire");
    EXPECT_EQ(early.status, 409U);
    EXPECT_EQ(early.code(), "conflict");
    EXPECT_NE(early.detail().find("web-1"), std::string::npos) << early.detail();
    fleet.pass(5s);
    EXPECT_EQ(step("retire").status, 200U);
    EXPECT_EQ(phases(), Names{"issuing"});
}

TEST_F(ApiAuthority, ADryRunSaysWhetherItCouldBeDone) {
    EXPECT_EQ(step("retire", "?dry_run=true").status, 409U);
    EXPECT_EQ(step("announce", "?dry_run=true").json.at("bundle"), 2);
    EXPECT_EQ(phases(), Names{"issuing"});
}

TEST_F(ApiAuthority, OnlyAdministratorsOfEverythingRotate) {
    become("ops", "provisioner");
    EXPECT_EQ(get("/authority").status, 200U);
    EXPECT_EQ(step("announce").status, 403U);
    be_owner();
    become("uk", "admin", R"({"loc":["UK"]})");
    EXPECT_EQ(step("announce").status, 403U);
    be_owner();
    become("boss", "admin");
    EXPECT_EQ(step("announce").status, 200U);
}

TEST_F(ApiAuthority, NamesOutsideOfTheScopeAreLeftOut) {
    fleet.pair("web-1", R"({"loc":"UK"})", "10.0.0.1");
    fleet.pair("web-2", R"({"loc":"US"})", "10.0.0.2");
    ASSERT_EQ(step("announce").status, 200U);
    become("uk", "viewer", R"({"loc":["UK"]})");
    const auto seen = get("/authority").json.at("unacknowledged");
    EXPECT_EQ(seen.at("total"), 2);
    EXPECT_EQ(seen.at("first"), json::parse(R"(["web-1"])"));
}

TEST_F(ApiAuthority, AStepIsReadStrictly) {
    for (const char* bad :
         {"{}", R"({"step":"anounce"})", R"({"step":1})", R"({"step":"announce","now":true})"})
        EXPECT_EQ(post("/authority/rotation", bad).status, 422U) << bad;
    EXPECT_EQ(phases(), Names{"issuing"});
}

TEST_F(ApiAuthority, TheEndOfTheCaIsAMetric) {
    const auto end = pki::parse_certificates(controller().trust_bundle())->front().not_after;
    const auto text = send("GET", "/metrics").body;
    const auto at = text.find("\nringwall_controller_ca_expiry_seconds ");
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_EQ(std::stod(text.substr(at + 39)), static_cast<double>(end));
}

} // namespace
} // namespace ringwall::api_test
