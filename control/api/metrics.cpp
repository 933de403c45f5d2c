#include "control/api/metrics.h"

#include <array>
#include <iterator>
#include <map>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "control/api/impact_row.h"

namespace ringwall::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Values = std::map<std::string, double>; // by the value of the label

class Families {
  public:
    void counter(const char* name, const char* help, std::uint64_t value) {
        add(name, help, MetricType::Counter).counter.value = static_cast<double>(value);
    }
    void gauge(const char* name, const char* help, double value) {
        add(name, help, MetricType::Gauge).gauge.value = value;
    }
    void gauges(const char* name, const char* help, const char* label, const Values& values) {
        all_.push_back({name, help, MetricType::Gauge, {}});
        for (const auto& [word, value] : values) {
            auto& metric = all_.back().metric.emplace_back();
            metric.label = {{label, word}};
            metric.gauge.value = value;
        }
    }
    void more(std::vector<MetricFamily> families) {
        std::ranges::move(families, std::back_inserter(all_));
    }
    std::string text() const { return prometheus::TextSerializer().Serialize(all_); }

  private:
    ClientMetric& add(const char* name, const char* help, MetricType type) {
        all_.push_back({name, help, type, {}});
        return all_.back().metric.emplace_back();
    }
    std::vector<MetricFamily> all_;
};

void add_counters(Families& out, const core::Controller::Counters& counted) {
    out.counter("ringwall_controller_policy_releases_total", "Policy halves handed to sessions.",
                counted.policies);
    out.counter("ringwall_controller_inventory_releases_total",
                "Inventory halves handed to sessions.", counted.inventories);
    out.counter("ringwall_controller_changes_total", "Changes of objects.", counted.changes);
    out.counter("ringwall_controller_provisions_total", "Versions made.", counted.provisions);
    out.counter("ringwall_controller_nacks_total", "Releases that agents refused.", counted.nacks);
    out.counter("ringwall_controller_versions_taken_back_total", "Versions that were taken back.",
                counted.taken_back);
    out.counter("ringwall_controller_flow_summaries_total", "Flow summaries that arrived.",
                counted.flow_summaries);
    out.counter("ringwall_controller_flows_lost_total",
                "Flow summaries that agents lost before they could send them.", counted.flows_lost);
    out.counter("ringwall_controller_pairings_total", "Hosts that paired.", counted.pairings);
    out.counter("ringwall_controller_pairings_refused_total", "Pairings that were refused.",
                counted.refused_pairings);
}

void add_fleet(Families& out, const core::Controller& controller) {
    Values presence{{"silent", 0}, {"late", 0}, {"online", 0}};
    double current = 0, refusing = 0;
    for (const auto& agent : controller.agents()) {
        ++presence[fleet::name(agent.presence)];
        current += agent.current ? 1 : 0;
        refusing += agent.refused.empty() ? 0 : 1;
    }
    out.gauges("ringwall_controller_agents", "Agents, by presence.", "presence", presence);
    out.gauge("ringwall_controller_agents_current", "Agents that hold the newest of both halves.",
              current);
    out.gauge("ringwall_controller_agents_refusing", "Agents whose last answer was a refusal.",
              refusing);
    Values modes{{"idle", 0}, {"visibility", 0}, {"selective", 0}, {"full", 0}, {"unmanaged", 0}};
    for (const auto& workload : controller.active().workloads)
        ++modes[workload.managed ? model::name(workload.mode) : "unmanaged"];
    out.gauges("ringwall_controller_workloads", "Workloads, by mode.", "mode", modes);
}

void add_policy(Families& out, const core::Controller& controller) {
    out.gauge("ringwall_controller_active_version", "The version in force.",
              static_cast<double>(controller.active_version()));
    out.gauge("ringwall_controller_frozen", "1 while a maintenance freeze is on.",
              controller.frozen().empty() ? 0 : 1);
    const auto rollout = controller.rollout();
    Values phases;
    for (const auto phase : {core::Phase::canary, core::Phase::waiting, core::Phase::confirmed,
                             core::Phase::taken_back})
        phases[core::name(phase)] = rollout && rollout->phase == phase ? 1 : 0;
    out.gauges("ringwall_controller_rollout", "Phase of the last rollout, value 1.", "phase",
               phases);
}

// Sums over agents, as of `ringwall impact`.
void add_staging(Families& out, const core::Controller& controller) {
    const auto staging = controller.staging();
    out.gauge("ringwall_controller_staging", "Number of the staged draft; 0: nothing is staged.",
              staging ? static_cast<double>(staging->number) : 0);
    if (!staging)
        return;
    double reporting = 0, omitted = 0;
    for (const auto& agent : staging->agents)
        reporting += agent.reported ? 1 : 0;
    Values connections{{"same", 0}, {"newly-blocked", 0}, {"newly-allowed", 0}};
    for (const auto& [agent, impact] : controller.impacts().all()) {
        connections["same"] += static_cast<double>(impact.same());
        omitted += static_cast<double>(impact.omitted());
        for (const auto& row : impact.rows())
            connections[change_word(row)] += static_cast<double>(row.count());
    }
    out.gauges("ringwall_controller_staging_connections",
               "Connections and attempts that agents judged by the staged draft.", "change",
               connections);
    out.gauge("ringwall_controller_staging_omitted",
              "Of those, what is beyond the rows that agents keep.", omitted);
    out.gauge("ringwall_controller_staging_agents", "Agents that are given the staged draft.",
              static_cast<double>(staging->agents.size()));
    out.gauge("ringwall_controller_staging_agents_reporting", "Of those, the ones that reported.",
              reporting);
}

void add_authority(Families& out, const core::Controller& controller) {
    for (const auto& ca : controller.rotation().authorities)
        if (ca.phase == pki::Phase::issuing)
            out.gauge("ringwall_controller_ca_expiry_seconds",
                      "Unix time at which the CA that issues certificates ends.",
                      static_cast<double>(ca.certificate.not_after));
}

} // namespace

std::string metrics_text(const Context& context) {
    Families out;
    add_counters(out, context.controller.counters());
    add_fleet(out, context.controller);
    add_policy(out, context.controller);
    add_staging(out, context.controller);
    add_authority(out, context.controller);
    out.gauge("ringwall_controller_api_streams", "Streams of events and flows that are open.",
              static_cast<double>(*context.streams));
    if (context.options.metrics)
        out.more(context.options.metrics());
    return out.text();
}

} // namespace ringwall::api
