// The controller's configuration: what is read, and what bad input is told.
#include <algorithm>

#include <gtest/gtest.h>

#include "control/app/settings.h"

namespace ringwall::app {
namespace {

TEST(AppSettings, ReadsEveryName) {
    Settings settings;
    const auto done = apply_config(R"(listen: "10.0.0.1:9443"
names: [ringwall.example, 192.0.2.10]
data-dir: /srv/ringwall
certificate-days: 7
flow-rows: 1000
flow-days: 3
log-level: debug
alerts:
  syslog:
  - {address: "tcp://127.0.0.1:514"}
)",
                                   "controller.yaml", settings);
    ASSERT_TRUE(done) << done.error();
    EXPECT_EQ(settings.address, "10.0.0.1");
    EXPECT_EQ(settings.port, 9443);
    EXPECT_EQ(settings.names, (std::vector<std::string>{"ringwall.example", "192.0.2.10"}));
    EXPECT_EQ(settings.data_dir, "/srv/ringwall");
    EXPECT_EQ(settings.certificate_days, 7);
    EXPECT_EQ(settings.flow_rows, 1000U);
    EXPECT_EQ(settings.flow_days, 3);
    EXPECT_EQ(settings.log_level, "debug");
    EXPECT_EQ(settings.alerts.syslog.size(), 1U);
}

TEST(AppSettings, AnEmptyFileChangesNothing) {
    Settings settings;
    ASSERT_TRUE(apply_config("# nothing\n", "controller.yaml", settings));
    EXPECT_EQ(settings.port, 8443);
    EXPECT_EQ(settings.address, "::");
}

TEST(AppSettings, BadInputNamesItsPlaceAndChangesNothing) {
    const std::pair<const char*, const char*> cases[] = {
        {"listn: 1\n", "controller.yaml:1:1: unknown field \"listn\""},
        {"listen: 70000\n", "controller.yaml:1:9: listen is a port"},
        {"listen: \"web:1\"\n", "listen is a port"},
        {"names: [Not_A_Name]\n", "controller.yaml:1:9:"},
        {"certificate-days: 0\n", "a whole number from 1 to 397"},
        {"flow-rows: \"12\"\n", "a whole number"},
        {"log-level: loud\n", "log-level"},
        {"listen: 1\n---\nlisten: 2\n", "one document"},
        {"alerts: {syslog: [{address: \"http://x\"}]}\n", "controller.yaml:1:"},
        {"listen: [\n", "controller.yaml:"}};
    for (const auto& [text, wanted] : cases) {
        Settings settings;
        const auto done = apply_config(text, "controller.yaml", settings);
        ASSERT_FALSE(done) << text;
        EXPECT_NE(done.error().find(wanted), std::string::npos) << done.error();
        EXPECT_EQ(settings.port, 8443) << text;
    }
}

TEST(AppSettings, ListensOnWhatIsAnAddress) {
    Settings settings;
    EXPECT_TRUE(parse_listen("[::1]:1", settings));
    EXPECT_EQ(settings.address, "::1");
    EXPECT_TRUE(parse_listen("0", settings));
    for (const char* text : {"", ":", "1:", "::1:8443", "[10.0.0.1]:1", "10.0.0.1", "10.0.0.1:x"})
        EXPECT_FALSE(parse_listen(text, settings)) << text;
}

TEST(AppSettings, ThisHostHasItsOwnNames) {
    const auto names = own_names();
    for (const char* local : {"127.0.0.1", "::1", "localhost"})
        EXPECT_NE(std::ranges::find(names, local), names.end());
}

TEST(AppSettings, AMissingFileIsSaid) {
    Settings settings;
    const auto done = read_config("/nowhere/controller.yaml", settings);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().find("/nowhere/controller.yaml"), std::string::npos);
}

} // namespace
} // namespace ringwall::app
