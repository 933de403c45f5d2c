// What hosts report of their listening programs, held against policy and labels: /exposure,
// /suggestions.
#include <boost/json/serialize.hpp>

#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

class ApiInsight : public ApiTest {
  protected:
    struct Service {
        std::uint32_t protocol, port;
        const char* path;
    };
    void host(const std::string& name, const std::string& labels, const std::string& address,
              const std::vector<Service>& services) {
        const auto host = fleet.pair(name, labels, address);
        v1::HostReport report;
        report.set_hostname(name);
        for (const auto& service : services) {
            auto& listener = *report.add_listeners();
            listener.set_protocol(service.protocol);
            listener.set_port(service.port);
            listener.set_address(std::string(4, '\0'));
            listener.mutable_process()->set_path(service.path);
        }
        host->report(report);
        fleet.settle();
    }
};

TEST_F(ApiInsight, ExposureCountsByApplication) {
    host("web-1", pay, "10.0.0.1", {{6, 443, "/usr/sbin/nginx"}});
    host("app-1", R"({"role":"App","app":"Payments"})", "10.0.0.2", {{6, 8080, "/usr/bin/java"}});
    host("shop-1", shop, "10.0.0.3", {{6, 443, "/usr/sbin/nginx"}, {6, 22, "/usr/sbin/sshd"}});
    fleet.pair("new", R"({"app":"Shop"})", "10.0.0.4");
    put("/rule-sets/pay", rule_set("pay", R"([{"app":"Payments"}])"));
    fleet.provision();
    const auto found = get("/exposure");
    ASSERT_EQ(found.status, 200U) << found.body;
    EXPECT_EQ(found.json.at("version").as_int64(), 1);
    EXPECT_EQ(found.json.at("unknown").as_int64(), 1);
    const auto& items = found.json.at("items").as_array();
    ASSERT_EQ(items.size(), 2U);
    for (const auto& item : items) {
        EXPECT_EQ(item.at("open").as_int64(), 6);
        EXPECT_EQ(item.at("now").as_int64(), 6); // nobody is enforced
        EXPECT_EQ(item.at("enforced").as_int64(), item.at("app") == "Payments" ? 1 : 0);
    }
    EXPECT_EQ(found.json.at("total").at("ports").as_int64(), 4);
    // Without the rule nothing is left; what was in force can still be asked about.
    ASSERT_EQ(remove("/rule-sets/pay").status, 200U);
    EXPECT_EQ(get("/exposure?version=draft").json.at("total").at("enforced").as_int64(), 0);
    EXPECT_EQ(get("/exposure?version=draft").json.at("version"), "draft");
    fleet.provision();
    EXPECT_EQ(get("/exposure").json.at("total").at("enforced").as_int64(), 0);
    EXPECT_EQ(get("/exposure?version=1").json.at("total").at("enforced").as_int64(), 1);
    EXPECT_EQ(get("/exposure?version=9").status, 404U);
    EXPECT_EQ(get("/exposure?version=x").status, 400U);
    become("pay-viewer", "viewer", pay_scope);
    const auto narrowed = get("/exposure");
    EXPECT_EQ(narrowed.json.at("items").as_array().size(), 1U);
    EXPECT_EQ(narrowed.json.at("unknown").as_int64(), 0);
    EXPECT_EQ(narrowed.json.at("total").at("open").as_int64(), 6);
}

TEST_F(ApiInsight, AHostWithoutLabelsIsSaidToBeWhatItIsLike) {
    const std::string dns = R"({"role":"DNS","app":"Infra"})";
    for (int i = 1; i <= 3; ++i) {
        const auto number = std::to_string(i);
        host("dns-" + number, dns, "10.0.1." + number, {{17, 53, "/usr/sbin/named"}});
        host("web-" + number, pay, "10.0.2." + number, {{6, 443, "/usr/sbin/nginx"}});
    }
    host("web-4", "{}", "10.0.3.1", {{17, 53, "/usr/sbin/named"}}); // names say nothing
    const auto found = get("/suggestions");
    ASSERT_EQ(found.status, 200U) << found.body;
    EXPECT_EQ(found.json.at("considered").as_int64(), 7);
    const auto& items = found.json.at("items").as_array();
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].at("workload"), "web-4");
    EXPECT_EQ(items[0].at("kind"), "unlabelled");
    EXPECT_EQ(boost::json::serialize(items[0].at("suggested")), R"({"app":"Infra","role":"DNS"})");
    EXPECT_EQ(items[0].at("evidence").at(0),
              "named listens on udp 53, as on 3 of the 3 workloads of role=DNS, app=Infra");
    EXPECT_EQ(get("/suggestions?limit=1").status, 400U);
    become("pay-viewer", "viewer", pay_scope);
    EXPECT_EQ(get("/suggestions").json.at("considered").as_int64(), 3);
}

} // namespace
} // namespace ringwall::api_test
