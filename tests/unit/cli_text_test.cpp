#include "control/cli/cuts.h"
#include "control/cli/text.h"

#include <cstdlib>
#include <ctime>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace ringwall::cli {
namespace {

boost::json::object json(const char* text) {
    return boost::json::parse(text).as_object();
}
const Painter plain(false), colored(true);

constexpr const char* flow = R"({"id":"00000000000000ff","time":"2026-01-02T03:04:05.5Z",
 "verdict":"blocked","reason":"no rule","rules":[],"protocol":"tcp","port":8080,"count":1,"total":12,
 "source":{"address":"10.0.0.1","context":"Web Server, Payments, Production, UK"},
 "destination":{"address":"10.0.1.5","context":"App Server, Payments, Production, UK",
   "process":{"shown":"apache2.service","pid":7,"user":"www-data"}}})";

class Text : public ::testing::Test {
  protected:
    void SetUp() override {
        setenv("TZ", "UTC", 1);
        tzset();
    }
};

TEST_F(Text, AFlowIsOneLineThatSaysWhoWhatAndWhy) {
    EXPECT_EQ(flow_line(json(flow), plain),
              "03:04:05  00000000000000ff  blocked      8080/tcp        "
              "10.0.0.1 (Web Server, Payments, Production, UK) → 10.0.1.5 apache2.service "
              "(App Server, Payments, Production, UK)   no rule x12\n");
}

TEST_F(Text, TheDecidingRuleIsShownAndIcmpHasAType) {
    const auto line = flow_line(
        json(R"({"verdict":"allowed","rules":["ops/ping","x"],"reason":"allow","protocol":"icmp",
                 "icmp":{"type":8,"code":0},"source":{"address":"::1"},"destination":{"address":"::2"}})"),
        plain);
    EXPECT_NE(line.find("icmp 8/0"), std::string::npos);
    EXPECT_NE(line.find("ops/ping\n"), std::string::npos);
    EXPECT_EQ(line.find(" x\n"), std::string::npos);
}

TEST_F(Text, AnUnresolvedProcessIsSaid) {
    const auto line = flow_line(
        json(
            R"({"destination":{"address":"10.0.1.5","process":{"shown":"","unresolved":"memfd"}}})"),
        plain);
    EXPECT_NE(line.find("10.0.1.5 (unresolved)"), std::string::npos);
}

TEST_F(Text, HalfAFlowDoesNotFail) {
    EXPECT_FALSE(flow_line(json("{}"), plain).empty());
}

TEST_F(Text, VerdictsHaveColoursOnlyWhenAsked) {
    EXPECT_EQ(flow_line(json(flow), plain).find('\033'), std::string::npos);
    EXPECT_NE(flow_line(json(flow), colored).find("\033[31mblocked"), std::string::npos);
    EXPECT_EQ(colored.verdict("allowed"), "\033[32mallowed\033[0m");
    EXPECT_EQ(colored.verdict("would-block"), "\033[33mwould-block\033[0m");
}

constexpr std::int64_t now = 1'767'323'105; // 2026-01-02T03:05:05Z

boost::json::object healthy() {
    return json(R"({"agent":{"version":"0.1.0","pid":42,"started":"2026-01-02T03:00:05Z",
      "resident_bytes":13107200,"cgroup":"/sys/fs/cgroup"},
      "policy":{"source":"policy /etc/ringwall/policy as app-uk-1","version":7,
        "applied":"2026-01-02T03:04:05Z","error":null,"from_last_good":false,"warnings":[]},
      "paused_until":null,
      "subjects":[{"workload":"app-uk-1","mode":"full","rules":4,"cgroup":"","missing":false,
        "context":"App Server, Payments, Production, UK"}],
      "hooks":[{"hook":"connect4","attached":true,"note":""}],
      "losses":{"kernel_events":0,"socket_lines":0,"flow_log_lines":0,"helper_faults":0},
      "counters":{"verdicts":{"none":0,"allowed":10,"blocked":2},"unresolved":0},"notes":[]})");
}

TEST_F(Text, StatusSaysWhatIsEnforcedSinceWhenByWhichVersion) {
    const auto text = status_text(healthy(), plain, now);
    EXPECT_NE(text.find("pid 42, started 5m ago, 12.5 MiB resident"), std::string::npos) << text;
    EXPECT_NE(text.find("version 7 from policy /etc/ringwall/policy as app-uk-1, applied 60s ago"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("1 of 1 attached to /sys/fs/cgroup"), std::string::npos);
    EXPECT_NE(text.find("app-uk-1  full  4 rules  App Server, Payments, Production, UK"),
              std::string::npos);
    EXPECT_NE(text.find("Losses   none"), std::string::npos);
    EXPECT_NE(text.find("10 allowed, 2 blocked"), std::string::npos);
    EXPECT_EQ(text.find("Paused"), text.npos);
    EXPECT_EQ(text.find("refused"), text.npos);
}

TEST_F(Text, StatusSaysWhatIsWrong) {
    auto status = healthy();
    status["policy"].as_object()["error"] = "x.yaml:3: unknown field 'prots'\ny.yaml:1: bad";
    status["policy"].as_object()["error_time"] = "2026-01-02T03:05:00Z";
    status["policy"].as_object()["from_last_good"] = true;
    status["paused_until"] = "2026-01-02T03:15:00Z";
    status["losses"].as_object()["kernel_events"] = 9;
    status["hooks"].as_array()[0].as_object()["attached"] = false;
    status["hooks"].as_array()[0].as_object()["note"] = "no such hook";
    status["subjects"].as_array()[0].as_object()["missing"] = true;
    status["notes"].as_array().push_back("attached below the cgroup root");
    const auto text = status_text(status, plain, now);
    for (auto part : {"refused 5s ago: x.yaml:3: unknown field 'prots'\n         y.yaml:1: bad\n",
                      "the last good policy", "until 03:15:00", "9 kernel events",
                      "connect4 is not attached: no such hook", "(not running)",
                      "Note     attached below the cgroup root"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(Text, WhyNamesTheRuleAndTheNearMisses) {
    const auto text = why_text(
        json(R"j({"ends":[{"workload":"app-uk-1","direction":"inbound","peer":"10.0.0.1 (Web)",
                "verdict":"blocked","reason":"no rule matches; full mode then says blocked","rules":[],
                "near":["payments/web-to-app names this peer but is for tcp 8080"]}]
})j"),
        plain);
    EXPECT_EQ(text,
              "app-uk-1 from 10.0.0.1 (Web): blocked, because no rule matches; full mode then "
              "says blocked\n  nearly:  payments/web-to-app names this peer but is for tcp 8080\n");
}

TEST_F(Text, TimesAreReadable) {
    EXPECT_EQ(time_of_day("2026-01-02T03:04:05.123Z"), "03:04:05");
    EXPECT_EQ(time_of_day("soon"), "soon");
    EXPECT_EQ(age("2026-01-02T03:05:05Z", now), "0s ago");
    EXPECT_EQ(age("2026-01-01T03:05:05Z", now), "24h ago");
    EXPECT_EQ(age("2025-12-01T03:05:05Z", now), "32d ago");
    EXPECT_EQ(age("", now), "never");
}

TEST_F(Text, ColumnsAlignByCharactersNotBytes) {
    EXPECT_EQ(columns({{"Zürich", "a"}, {"Bonn", "b"}}), "Zürich  a\nBonn    b\n");
}

TEST_F(Text, BytesHaveUnits) {
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(bytes_text(25ull << 20), "25.0 MiB");
}

TEST_F(Text, CutsSayWhatEndsYoursFirst) {
    EXPECT_EQ(cuts_text(json(R"({"total":3,"judged":9,"unanswered":[{"agent":"app-2",
      "sentence":"the agent of \"app-2\" is not connected"}],"items":[
      {"workload":"app-1","yours":true,"direction":"inbound","protocol":"tcp","port":22,
       "remote":"192.0.2.7:51122","process":{"shown":"ssh.service"},"reason":"no rule matches","rules":[]},
      {"workload":"app-1","yours":false,"direction":"outbound","protocol":"tcp","port":53,
       "remote":"10.0.0.3:53","peer":{"workload":"dns-1"},"reason":"denied","rules":["ops/no-dns"]}]})"),
                        plain),
              "app-2: its connections are not known now: the agent of \"app-2\" is not connected\n"
              "3 of 9 live connections would end, your own among them:\n"
              "       WORKLOAD  CONNECTION             SERVICE  PROCESS      WHY\n"
              "yours  app-1     ← 192.0.2.7:51122      22/tcp   ssh.service  no rule matches\n"
              "       app-1     → 10.0.0.3:53 (dns-1)  53/tcp   -            ops/no-dns\n"
              "and 1 more\n");
    EXPECT_EQ(cuts_text(json(R"({"total":0,"judged":4,"items":[],"unanswered":[]})"), plain), "");
}

TEST_F(Text, OfManyThatDoNotAnswerAFewAreNamed) {
    boost::json::array silent;
    const auto text = [&] {
        return cuts_text({{"total", 0}, {"judged", 0}, {"unanswered", silent}}, plain);
    };
    for (int i = 0; i < 6; ++i)
        silent.push_back({{"agent", "h-" + std::to_string(i)}, {"sentence", "it is silent"}});
    EXPECT_EQ(text().find("others"), std::string::npos) << "one more line says as much";
    for (int i = 6; i < 4000; ++i)
        silent.push_back({{"agent", "h-" + std::to_string(i)}, {"sentence", "it is silent"}});
    EXPECT_EQ(std::ranges::count(text(), '\n'), 6);
    EXPECT_NE(text().find("nor are those of 3995 others"), std::string::npos);
}

TEST(Ssh, TheClientsEndIsReadFromTheSession) {
    EXPECT_EQ(ssh_client("192.0.2.7 51122 10.0.0.1 22"), "192.0.2.7:51122");
    EXPECT_EQ(ssh_client("2001:db8::7 51122 2001:db8::1 22"), "[2001:db8::7]:51122");
    for (const auto* bad : {"", "192.0.2.7", "somewhere 51122 10.0.0.1 22", "192.0.2.7 x y 22"})
        EXPECT_EQ(ssh_client(bad), std::nullopt) << bad;
}

} // namespace
} // namespace ringwall::cli
