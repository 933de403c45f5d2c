// Which live connections a change of mode would end.
#include <boost/json/parse.hpp>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;

class ApiCuts : public ApiTest {
  protected:
    ApiCuts() {
        fleet.pair("app-1", R"({"role":"App","app":"Payments"})", "10.0.1.5");
        fleet.pair("web-1", R"({"role":"Web","app":"Payments"})", "10.0.0.1");
        auto& said = host("app-1").cuts;
        said.set_judged(7);
        said.set_total(2);
        add(said, "10.0.0.1", 40'000, false);
        add(said, "192.0.2.7", 51'122, true);
        host("web-1").cuts.set_judged(3);
    }
    core_test::Host& host(const std::string& name) { return *fleet.hosts.at(name); }
    static void add(v1::Cuts& cuts, const char* peer, std::uint32_t port, bool yours) {
        auto& cut = *cuts.add_rows();
        const auto address = Address::parse(peer).value();
        cut.set_subject("app-1");
        cut.set_direction(v1::INBOUND);
        cut.set_protocol(6);
        cut.set_local(std::string("\x0a\x00\x01\x05", 4));
        cut.set_local_port(22);
        cut.set_peer(address.bytes.data() + 12, 4);
        cut.set_peer_port(port);
        cut.set_callers(yours);
        cut.mutable_process()->set_path("/usr/sbin/sshd");
        cut.set_pid(812);
        cut.set_reason("no rule matches; full mode then says blocked");
    }
    Answer ask(const std::string& body) { return post("/workloads/cuts", body); }
};

TEST_F(ApiCuts, TheCallersOwnIsFirstAndAllAgentsAreSummedUp) {
    const auto cuts =
        ask(R"({"labels":"app=Payments","mode":"full","callers":["192.0.2.7:51122"]})");
    ASSERT_EQ(cuts.status, 200U) << cuts.body;
    EXPECT_EQ(cuts.json.at("total"), 2);
    EXPECT_EQ(cuts.json.at("judged"), 10);
    EXPECT_TRUE(cuts.json.at("unanswered").as_array().empty());
    const auto& items = cuts.json.at("items").as_array();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items.at(0), json::parse(R"({"workload":"app-1","yours":true,"direction":"inbound",
        "protocol":"tcp","local":"10.0.1.5:22","remote":"192.0.2.7:51122",
        "peer":{"address":"192.0.2.7"},"reason":"no rule matches; full mode then says blocked",
        "rules":[],"port":22,"pid":812,"process":{"path":"/usr/sbin/sshd"}})"))
        << items.at(0);
    EXPECT_EQ(items.at(1).at("peer").at("workload"), "web-1");
    const auto& asked = host("app-1").asked_cuts;
    EXPECT_EQ(asked.mode(), v1::FULL);
    ASSERT_EQ(asked.callers_size(), 2) << "as he says, and as we see him";
    EXPECT_EQ(asked.callers(0).port(), 51'122U);
    EXPECT_EQ(asked.callers(1).port(), 0U);
}

TEST_F(ApiCuts, NothingIsChangedOrAudited) {
    const auto before = get("/audit").json.at("items").as_array().size();
    ask(R"({"names":["app-1"],"mode":"full"})");
    EXPECT_EQ(get("/audit").json.at("items").as_array().size(), before);
    EXPECT_EQ(controller().draft().workload("app-1")->mode, model::Mode::visibility);
}

TEST_F(ApiCuts, WhoCannotBeAskedIsNamed) {
    host("web-1").stop();
    const auto cuts = ask(R"({"labels":"app=Payments"})");
    ASSERT_EQ(cuts.status, 200U) << cuts.body;
    EXPECT_EQ(cuts.json.at("total"), 2);
    ASSERT_EQ(cuts.json.at("unanswered").as_array().size(), 1U);
    EXPECT_EQ(cuts.json.at("unanswered").at(0).at("agent"), "web-1");
    EXPECT_NE(cuts.body.find("is not connected"), std::string::npos);
}

TEST_F(ApiCuts, TheLimitKeepsTheFirstAndTheTotal) {
    const auto cuts = ask(R"({"names":["app-1"],"limit":1})");
    EXPECT_EQ(cuts.json.at("total"), 2);
    ASSERT_EQ(cuts.json.at("items").as_array().size(), 1U);
    EXPECT_EQ(cuts.json.at("items").at(0).at("yours"), true);
}

TEST_F(ApiCuts, BadQuestions) {
    for (const char* bad :
         {"{}", R"({"names":["app-1"],"labels":"a=b"})", R"({"names":["app-1"],"mode":"fulll"})",
          R"({"names":["app-1"],"callers":["x"]})",
          R"({"names":["app-1"],"callers":["192.0.2.7:70000"]})",
          R"({"names":["app-1"],"limit":0})", R"({"names":["app-1"],"mod":1})"})
        EXPECT_EQ(ask(bad).status, 422U) << bad;
    EXPECT_EQ(ask(R"({"names":["none"]})").status, 404U);
    EXPECT_EQ(ask(R"({"labels":"app=Nobody"})").json.at("total"), 0);
}

TEST_F(ApiCuts, ANarrowedRoleAsksOnlyItsOwn) {
    become("reader", "viewer", R"({"role":["Web"]})");
    EXPECT_EQ(ask(R"({"names":["app-1"]})").status, 403U);
    EXPECT_EQ(ask(R"({"labels":"app=Payments"})").json.at("judged"), 3);
}

} // namespace
} // namespace ringwall::api_test
