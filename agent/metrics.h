// Numbers of the agent as Prometheus text. Pure. Names and meaning: docs/metrics.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/flows.h"
#include "loader/datapath.h"

namespace ringwall::agent {

// Seconds that applying a policy took, cumulative buckets.
class ApplyTimes {
  public:
    static constexpr std::array<double, 9> bounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30};
    void observe(double seconds);
    const std::array<std::uint64_t, bounds.size() + 1>& counts() const { return counts_; }
    double sum() const { return sum_; }

  private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{}; // last: more than all bounds
    double sum_ = 0;
};

struct SubjectMode {
    std::string workload, mode;
};

// Of an agent under a controller.
struct ControllerNumbers {
    bool connected = false;
    std::uint64_t sessions = 0, refused_policies = 0, roll_backs = 0;
    bool unconfirmed = false;
    // Flow summaries: on the disk now; and so far stored there, folded into others, lost.
    std::uint64_t spool_held = 0, spool_bytes = 0, delivered = 0, folded = 0, lost = 0;
    double certificate_expires = 0; // seconds since 1970
};

struct MetricInput {
    std::string version; // of this program
    loader::Counters counters;
    FlowStats flows;
    ApplyTimes apply_times;
    std::uint64_t policy_version = 0, inventory_revision = 0;
    double applied_at = 0; // seconds since 1970; 0: never
    std::uint64_t reloads = 0, failed_reloads = 0;
    bool last_reload_failed = false;
    std::vector<SubjectMode> subjects;
    std::vector<loader::Attachment> hooks;
    std::uint64_t reader_lost = 0, log_lost = 0, ended_sockets = 0, digests = 0;
    std::map<std::string, std::uint64_t> tampering; // by what
    bool paused = false;
    std::optional<ControllerNumbers> controller;
    double started_at = 0, cpu_seconds = 0;
    std::uint64_t resident_bytes = 0, open_fds = 0;
};

std::string metrics_text(const MetricInput& input);

} // namespace ringwall::agent
