#include "control/app/metrics.h"

#include <string>

#include <prometheus/metric_family.h>

namespace ringwall::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
  public:
    void counter(const char* name, const char* help, std::uint64_t value) {
        add(name, help, MetricType::Counter, value, {});
    }
    void gauge(const char* name, const char* help, std::uint64_t value) {
        add(name, help, MetricType::Gauge, value, {});
    }
    // The first call for a name gives its help.
    void counter(const char* name, const char* help, std::uint64_t value,
                 ClientMetric::Label label) {
        add(name, help, MetricType::Counter, value, {std::move(label)});
    }
    std::vector<MetricFamily> take() { return std::move(all_); }

  private:
    void add(const char* name, const char* help, MetricType type, std::uint64_t value,
             std::vector<ClientMetric::Label> labels) {
        if (all_.empty() || all_.back().name != name)
            all_.push_back({name, help, type, {}});
        ClientMetric metric;
        metric.label = std::move(labels);
        (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
            static_cast<double>(value);
        all_.back().metric.push_back(std::move(metric));
    }

    std::vector<MetricFamily> all_;
};

void add_server(Families& out, const server::ServerStats& stats) {
    out.counter("ringwall_controller_connections_total", "TCP connections accepted.",
                stats.accepted);
    out.counter("ringwall_controller_accept_errors_total",
                "Connections that could not be accepted.", stats.accept_errors);
    out.gauge("ringwall_controller_agent_connections", "Agents' connections now.", stats.agents);
    constexpr auto failed = "ringwall_controller_handshakes_failed_total";
    constexpr auto why = "TLS handshakes that came to nothing.";
    out.counter(failed, why, stats.handshakes_failed, {"reason", "tls"});
    out.counter(failed, why, stats.handshakes_timed_out, {"reason", "timeout"});
    out.counter(failed, why, stats.handshakes_crowded, {"reason", "crowded"});
    out.counter(failed, why, stats.handshakes_dropped, {"reason", "dropped"});
    out.counter(failed, why, stats.certificates_refused, {"reason", "certificate"});
    out.counter("ringwall_controller_sessions_expired_total",
                "Agents' sessions ended because their certificate had expired.",
                stats.agents_expired);
    out.counter("ringwall_controller_bytes_from_agents_total", "Bytes of agents' sessions.",
                stats.bytes_from_agents);
    for (const auto& [status, count] : stats.http.requests)
        out.counter("ringwall_controller_http_requests_total", "HTTP requests by status.", count,
                    {"status", std::to_string(status)});
    out.gauge("ringwall_controller_http_streams", "Event streams open now.", stats.http.streams);
}

void add_flows(Families& out, const MetricInput& input) {
    out.gauge("ringwall_controller_flow_rows", "Flow summaries kept.", input.flow_rows);
    out.counter("ringwall_controller_flow_rows_stored_total", "Flow summaries stored.",
                input.flows.stored);
    out.counter("ringwall_controller_flow_rows_repeated_total",
                "Flow summaries that came again and were skipped.", input.flows.repeated);
    constexpr auto removed = "ringwall_controller_flow_rows_removed_total";
    constexpr auto why = "Flow summaries removed.";
    out.counter(removed, why, input.flows.removed_by_age, {"reason", "age"});
    out.counter(removed, why, input.flows.removed_by_rows, {"reason", "rows"});
    out.counter("ringwall_controller_flow_store_failures_total",
                "Groups of batches that could not be stored.", input.flows.failed);
}

void add_map(Families& out, const MetricInput& input) {
    const auto& map = input.map;
    out.gauge("ringwall_controller_map_edges", "Edges of the application map, ever seen.",
              input.map_edges);
    out.gauge("ringwall_controller_map_bytes", "Of the map's file.", input.map_bytes);
    out.counter("ringwall_controller_map_rows_total", "Flow summaries folded into the map.",
                map.taken);
    out.counter("ringwall_controller_map_minutes_reopened_total",
                "Minutes that were folded anew, as flows of them came late.", map.reopened);
    out.counter("ringwall_controller_map_rows_late_total",
                "Flow summaries that were added without their other end, as they came too late.",
                map.added_late);
    out.counter("ringwall_controller_map_rows_too_old_total",
                "Pairs of addresses that the map has no place for any more.", map.too_old);
    out.counter("ringwall_controller_map_failures_total", "Writes of the map that failed.",
                map.failed);
}

void add_alerts(Families& out, const MetricInput& input) {
    out.counter("ringwall_controller_alert_events_total",
                "Events that were told to the alert path.", input.alerts.events);
    out.counter("ringwall_controller_alert_events_known_total",
                "Would-blocks of a kind that was told before.", input.alerts.known);
    for (const auto& kind : alerts::kinds()) {
        const auto found = input.alerts.by_kind.find(kind.kind);
        out.counter("ringwall_controller_alerts_total", "Alerts that went out, by kind.",
                    found == input.alerts.by_kind.end() ? 0 : found->second,
                    {"kind", std::string(kind.name)});
    }
    out.counter("ringwall_controller_alerts_suppressed_total",
                "Events that the rate limit held back.", input.alerts.suppressed);
    for (const auto& sink : input.sinks)
        out.counter("ringwall_controller_alerts_delivered_total", "Alerts that arrived, by sink.",
                    sink.delivered, {"sink", sink.name});
    for (const auto& sink : input.sinks)
        out.counter("ringwall_controller_alerts_dropped_total", "Alerts given up, by sink.",
                    sink.dropped, {"sink", sink.name});
}

} // namespace

std::vector<MetricFamily> metric_families(const MetricInput& input) {
    Families out;
    add_server(out, input.server);
    add_flows(out, input);
    add_map(out, input);
    add_alerts(out, input);
    return out.take();
}

} // namespace ringwall::app
