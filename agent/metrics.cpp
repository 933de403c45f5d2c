#include "agent/metrics.h"

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "agent/flow_text.h"
#include "common/protocol.h"

namespace ringwall::agent {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using LabelPairs = std::vector<ClientMetric::Label>;

class Families {
  public:
    void counter(const std::string& name, const std::string& help, double value,
                 LabelPairs labels = {}) {
        auto& metric = add(name, help, MetricType::Counter, std::move(labels));
        metric.counter.value = value;
    }
    void gauge(const std::string& name, const std::string& help, double value,
               LabelPairs labels = {}) {
        auto& metric = add(name, help, MetricType::Gauge, std::move(labels));
        metric.gauge.value = value;
    }
    // One sample per key of `values`, labelled `label`.
    template <typename Map>
    void counters(const std::string& name, const std::string& help, const std::string& label,
                  const Map& values) {
        for (const auto& [key, value] : values)
            counter(name, help, static_cast<double>(value), {{label, key}});
    }
    void histogram(const std::string& name, const std::string& help, const ApplyTimes& times) {
        auto& metric = add(name, help, MetricType::Histogram, {});
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < times.counts().size(); ++i) {
            sum += times.counts()[i];
            metric.histogram.bucket.push_back({sum, i < ApplyTimes::bounds.size()
                                                        ? ApplyTimes::bounds[i]
                                                        : std::numeric_limits<double>::infinity()});
        }
        metric.histogram.sample_count = sum;
        metric.histogram.sample_sum = times.sum();
    }
    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

  private:
    ClientMetric& add(const std::string& name, const std::string& help, MetricType type,
                      LabelPairs labels) {
        auto family = std::ranges::find(families_, name, &MetricFamily::name);
        if (family == families_.end()) {
            families_.push_back({name, help, type, {}});
            family = families_.end() - 1;
        }
        family->metric.emplace_back().label = std::move(labels);
        return family->metric.back();
    }

    std::vector<MetricFamily> families_;
};

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

void add_policy(Families& out, const MetricInput& in) {
    out.gauge("ringwall_agent_policy_version", "Version of the policy that is enforced.",
              number(in.policy_version));
    out.gauge("ringwall_agent_inventory_revision", "Revision of the inventory that is used.",
              number(in.inventory_revision));
    out.gauge("ringwall_agent_policy_last_success_timestamp_seconds",
              "When a policy was last applied, seconds since 1970.", in.applied_at);
    out.counter("ringwall_agent_policy_reloads_total", "Policy loads, by result.",
                number(in.reloads - in.failed_reloads), {{"result", "applied"}});
    out.counter("ringwall_agent_policy_reloads_total", "", number(in.failed_reloads),
                {{"result", "refused"}});
    out.gauge("ringwall_agent_policy_last_reload_failed",
              "1 when the newest policy was refused and an older one is enforced.",
              in.last_reload_failed ? 1 : 0);
    out.histogram("ringwall_agent_policy_apply_seconds", "Time from policy to kernel.",
                  in.apply_times);
    for (const auto& subject : in.subjects)
        out.gauge("ringwall_agent_enforcement_mode", "Mode of each subject, value 1.", 1,
                  {{"subject", subject.workload}, {"mode", subject.mode}});
    out.gauge("ringwall_agent_paused", "1 while enforcement is paused.", in.paused ? 1 : 0);
}

void add_flows(Families& out, const MetricInput& in) {
    for (const auto& [key, value] : in.flows.flows)
        out.counter("ringwall_agent_flows_total", "Flows begun or denied.", number(value),
                    {{"verdict", verdict_name(key.verdict)},
                     {"direction", direction_name(key.direction)},
                     {"protocol", protocol_name(key.protocol)}});
    const auto& c = in.counters;
    out.counters("ringwall_agent_verdicts_total", "Decisions taken in the kernel.", "verdict",
                 c.verdicts);
    out.counters("ringwall_agent_decisions_total", "Decisions taken in the kernel, by reason.",
                 "reason", c.reasons);
    out.counter("ringwall_agent_dropped_packets_total", "Packets dropped.",
                number(c.dropped_packets));
    out.counter("ringwall_agent_refused_connects_total", "Refused in connect or sendmsg.",
                number(c.refused));
    out.counter("ringwall_agent_unresolved_processes_total",
                "Attributions that left a process unresolved.", number(c.unresolved));
    out.counter("ringwall_agent_ended_sockets_total", "Sockets ended after revocation.",
                number(in.ended_sockets));
    out.counter("ringwall_agent_file_digests_total", "Program files hashed.", number(in.digests));
}

void add_events(Families& out, const MetricInput& in) {
    const auto& c = in.counters;
    out.counters("ringwall_agent_events_offered_total", "Events the kernel wanted to report.",
                 "kind", c.offered);
    out.counters("ringwall_agent_events_submitted_total", "Events put on the ring.", "kind",
                 c.submitted);
    out.counters("ringwall_agent_events_folded_total", "Events counted into another.", "kind",
                 c.folded);
    out.counters("ringwall_agent_events_lost_total", "Events lost because the ring was full.",
                 "kind", c.lost);
    out.counter("ringwall_agent_events_delivered_total", "Events read from the ring.",
                number(c.delivered));
    out.counter("ringwall_agent_export_dropped_total", "Flow lines that a sink did not take.",
                number(in.reader_lost), {{"sink", "socket"}});
    out.counter("ringwall_agent_export_dropped_total", "", number(in.log_lost),
                {{"sink", "flow_log"}});
}

void add_kernel(Families& out, const MetricInput& in) {
    const auto& c = in.counters;
    out.counters("ringwall_agent_hook_slow_runs_total", "Program runs that left the fast path.",
                 "hook", c.hook_slow_runs);
    out.counters("ringwall_agent_helper_faults_total", "Failed kernel helpers, by place.", "place",
                 c.faults);
    out.counters("ringwall_agent_tampering_total",
                 "Links, pins and maps that somebody else changed, by what.", "what", in.tampering);
    for (const auto& hook : in.hooks)
        out.gauge("ringwall_agent_hook_attached", "1 when the hook's program is attached.",
                  hook.attached ? 1 : 0, {{"hook", hook.hook}});
    for (const auto& map : c.maps)
        out.gauge("ringwall_agent_bpf_map_entries", "Entries in the map.", number(map.entries),
                  {{"map", map.name}});
    for (const auto& map : c.maps)
        out.gauge("ringwall_agent_bpf_map_capacity", "Most entries the map can hold.",
                  number(map.limit), {{"map", map.name}});
}

void add_controller(Families& out, const ControllerNumbers& in) {
    out.gauge("ringwall_agent_controller_connected", "1 while there is a session.",
              in.connected ? 1 : 0);
    out.counter("ringwall_agent_controller_connections_total", "Connections that came to be.",
                number(in.sessions));
    out.counter("ringwall_agent_controller_refused_policies_total",
                "Policies of the controller that this host refused.", number(in.refused_policies));
    out.counter("ringwall_agent_controller_roll_backs_total",
                "Versions that were left because nobody confirmed them.", number(in.roll_backs));
    out.gauge("ringwall_agent_policy_unconfirmed", "1 while the version waits for its confirm.",
              in.unconfirmed ? 1 : 0);
    out.gauge("ringwall_agent_spool_summaries", "Flow summaries that wait for the controller.",
              number(in.spool_held));
    out.gauge("ringwall_agent_spool_bytes", "Bytes of them on the disk.", number(in.spool_bytes));
    out.counter("ringwall_agent_flow_summaries_total", "Flow summaries, by what became of them.",
                number(in.delivered), {{"result", "delivered"}});
    out.counter("ringwall_agent_flow_summaries_total", "", number(in.folded),
                {{"result", "folded"}});
    out.counter("ringwall_agent_flow_summaries_total", "", number(in.lost), {{"result", "lost"}});
    out.gauge("ringwall_agent_certificate_expires_timestamp_seconds",
              "When this host's certificate ends, seconds since 1970.", in.certificate_expires);
}

void add_process(Families& out, const MetricInput& in) {
    out.gauge("ringwall_build_info", "Version of this agent, value 1.", 1,
              {{"version", in.version}, {"compiler", "g++ " __VERSION__}});
    out.counter("process_cpu_seconds_total", "CPU time of the agent.", in.cpu_seconds);
    out.gauge("process_resident_memory_bytes", "Resident memory of the agent.",
              number(in.resident_bytes));
    out.gauge("process_open_fds", "Open file descriptors of the agent.", number(in.open_fds));
    out.gauge("process_start_time_seconds", "Start of the agent, seconds since 1970.",
              in.started_at);
}

} // namespace

void ApplyTimes::observe(double seconds) {
    const auto bound = std::ranges::lower_bound(bounds, seconds);
    ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
    sum_ += seconds;
}

std::string metrics_text(const MetricInput& input) {
    Families out;
    add_process(out, input);
    add_policy(out, input);
    add_flows(out, input);
    add_events(out, input);
    add_kernel(out, input);
    if (input.controller)
        add_controller(out, *input.controller);
    return out.text();
}

} // namespace ringwall::agent
