#include "agent/metrics.h"

#include <map>
#include <sstream>

#include <gtest/gtest.h>

namespace ringwall::agent {
namespace {

MetricInput busy_agent() {
    MetricInput in;
    in.version = "1.2.3";
    in.policy_version = 7;
    in.reloads = 5;
    in.failed_reloads = 2;
    in.last_reload_failed = true;
    in.subjects = {{"app-uk-1", "full"}, {"a\"b\\", "visibility"}};
    in.flows.flows[{loader::Verdict::blocked, loader::Direction::inbound, 6}] = 42;
    in.counters.offered = {{"start", 10}};
    in.counters.lost = {{"start", 1}};
    in.counters.maps = {{"peers4", 10, 1000}};
    in.hooks = {{"connect4", true, ""}, {"sockops", false, "no"}};
    in.apply_times.observe(0.003);
    in.apply_times.observe(100);
    return in;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, SayWhatIsEnforcedAndWhatWasLost) {
    const auto text = metrics_text(busy_agent());
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_version 7")) << text;
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_last_reload_failed 1"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_reloads_total{result=\"applied\"} 3"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_reloads_total{result=\"refused\"} 2"));
    EXPECT_TRUE(has_line(text,
                         "ringwall_agent_flows_total{verdict=\"blocked\",direction=\"inbound\","
                         "protocol=\"tcp\"} 42"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_events_lost_total{kind=\"start\"} 1"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_bpf_map_entries{map=\"peers4\"} 10"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_bpf_map_capacity{map=\"peers4\"} 1000"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_hook_attached{hook=\"sockops\"} 0"));
    EXPECT_TRUE(
        has_line(text, "ringwall_agent_enforcement_mode{subject=\"app-uk-1\",mode=\"full\"} 1"));
}

TEST(Metrics, LabelsAreEscaped) {
    EXPECT_NE(metrics_text(busy_agent()).find("subject=\"a\\\"b\\\\\""), std::string::npos);
}

TEST(Metrics, ApplyTimesAreACumulativeHistogram) {
    const auto text = metrics_text(busy_agent());
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_apply_seconds_bucket{le=\"0.001\"} 0"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_apply_seconds_bucket{le=\"0.005\"} 1"))
        << text;
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_apply_seconds_bucket{le=\"30\"} 1"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_apply_seconds_bucket{le=\"+Inf\"} 2"));
    EXPECT_TRUE(has_line(text, "ringwall_agent_policy_apply_seconds_count 2"));
}

TEST(Metrics, EveryFamilyHasHelpAndTypeOnceAndCountersEndInTotal) {
    const auto text = metrics_text(busy_agent());
    std::map<std::string, int> helps;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) {
            const auto name = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_EQ(++helps[name], 1) << name;
            EXPECT_GT(line.size(), 8 + name.size()) << name;
        }
        if (line.starts_with("# TYPE ") && line.ends_with(" counter")) {
            EXPECT_NE(line.find("_total counter"), std::string::npos) << line;
        }
    }
    EXPECT_GT(helps.size(), 20u);
}

} // namespace
} // namespace ringwall::agent
