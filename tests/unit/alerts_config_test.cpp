// The alerts section of the configuration.
#include <gtest/gtest.h>

#include "control/alerts/config.h"

namespace ringwall::alerts {
namespace {

Config good(const std::string& yaml) {
    auto config = parse_config(yaml, "controller.yaml");
    EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message);
    return config.value_or(Config{});
}

std::string refused(const std::string& yaml) {
    const auto config = parse_config(yaml, "controller.yaml");
    return config ? "accepted" : config.error().message;
}

TEST(AlertsConfig, NamesSinksWindowAndKinds) {
    const auto config = good(R"(
alerts:
  syslog:
    - {address: "tls://collector.example", ca: /etc/ringwall/ca.pem, facility: auth}
    - address: tcp://[2001:db8::1]:1514
  webhook:
    - {url: "https://hooks.example/a/b?c=d", secret_file: /etc/ringwall/secret}
  window: 5m
  rate: 50
  queue: 500
  kinds: [blocked, tamper]
)");
    ASSERT_EQ(config.syslog.size(), 2U);
    EXPECT_EQ(config.syslog[0].endpoint, (Endpoint{.tls = true,
                                                   .host = "collector.example",
                                                   .port = "6514",
                                                   .text = "tls://collector.example"}));
    EXPECT_EQ(config.syslog[0].ca, "/etc/ringwall/ca.pem");
    EXPECT_EQ(config.syslog[0].facility, 4);
    EXPECT_FALSE(config.syslog[1].endpoint.tls);
    EXPECT_EQ(config.syslog[1].endpoint.host, "2001:db8::1");
    EXPECT_EQ(config.syslog[1].endpoint.port, "1514");
    EXPECT_EQ(config.syslog[1].facility, 20);
    ASSERT_EQ(config.webhook.size(), 1U);
    EXPECT_TRUE(config.webhook[0].endpoint.tls);
    EXPECT_EQ(config.webhook[0].endpoint.port, "443");
    EXPECT_EQ(config.webhook[0].endpoint.target, "/a/b?c=d");
    EXPECT_EQ(config.webhook[0].secret_file, "/etc/ringwall/secret");
    EXPECT_EQ(config.window, std::chrono::minutes(5));
    EXPECT_EQ(config.rate, 50U);
    EXPECT_EQ(config.queue, 500U);
    EXPECT_EQ(config.kinds, (std::set{Kind::blocked, Kind::tamper}));
}

TEST(AlertsConfig, HasDefaults) {
    const auto config = good("alerts: {webhook: [{url: 'http://h?q'}]}");
    EXPECT_EQ(config.webhook[0].endpoint.target, "/?q");
    EXPECT_EQ(config.webhook[0].endpoint.port, "80");
    EXPECT_EQ(config.window, std::chrono::seconds(60));
    EXPECT_EQ(config.rate, 10U);
    EXPECT_EQ(config.queue, 10'000U);
    EXPECT_TRUE(config.kinds.empty());
}

TEST(AlertsConfig, ErrorsNameThePlaceAndWhatToWrite) {
    EXPECT_EQ(refused("alerts:\n  sylog: []\n"),
              "controller.yaml:2:3: unknown field \"sylog\" in alerts; did you mean \"syslog\"?");
    EXPECT_EQ(refused("alerts:\n  syslog:\n    - {address: 'udp://h'}\n"),
              "controller.yaml:3:17: address \"udp://h\" is not understood; write "
              "\"tls://HOST:6514\" or \"tcp://HOST:514\"");
    EXPECT_EQ(refused("alerts:\n  window: 90\n"),
              "controller.yaml:2:11: window \"90\" is no time; write 1s to 1440m, for example 60s");
    EXPECT_EQ(refused("alerts:\n  rate: 0\n"),
              "controller.yaml:2:9: rate \"0\" is out of range; write a number from 1 to 100000");
    EXPECT_NE(refused("alerts: {kinds: [block]}")
                  .find("there is no kind of alert \"block\"; write "
                        "some of blocked, would_block_new"),
              std::string::npos);
    EXPECT_NE(refused("alerts: {syslog: [{ca: x.pem}]}").find("needs \"address\""),
              std::string::npos);
    EXPECT_NE(refused("alerts: {syslog: [{address: 'tcp://h', ca: x.pem}]}")
                  .find("ca is \"x.pem\"; write the whole path"),
              std::string::npos);
    EXPECT_NE(refused("alerts: {syslog: [{address: 'tcp://h', facility: local9}]}")
                  .find("facility \"local9\" is not known"),
              std::string::npos);
    EXPECT_NE(refused("alerts: 5").find("must be a mapping"), std::string::npos);
    EXPECT_NE(refused("other: 5").find("unknown field"), std::string::npos);
    EXPECT_NE(refused("").find("write one document with alerts: in it"), std::string::npos);
}

TEST(AlertsConfig, AllErrorsAreToldAtOnce) {
    const auto text = refused("alerts:\n  window: x\n  rate: y\n");
    EXPECT_NE(text.find("controller.yaml:2:11: "), std::string::npos) << text;
    EXPECT_NE(text.find("\ncontroller.yaml:3:9: "), std::string::npos) << text;
}

TEST(AlertsConfig, AddressesThatAreNone) {
    for (const auto* text : {"tls://", "tls://:6514", "tls://h:", "tls://h:0", "tls://h:65536",
                             "tls://h:+1", "tls://h/x", "tls://2001:db8::1", "tls://[1.2.3.4]:1",
                             "tls://[::1", "tls://[::1]6514", "tls://a b", "tls://u@h", "h:514"})
        EXPECT_FALSE(parse_collector(text)) << text;
    for (const auto* text :
         {"https://", "https://user:pass@h/", "https://h/#part", "https://h /", "ftp://h/",
          "https://h\r\nX: y/", "https://h/\x80", "https:/h", "https://h:x/"})
        EXPECT_FALSE(parse_url(text)) << text;
    EXPECT_EQ(parse_url("https://[::1]:8443/x")->host, "::1");
    EXPECT_EQ(parse_collector("tcp://127.0.0.1:5514")->port, "5514");
}

} // namespace
} // namespace ringwall::alerts
