// The controller's own numbers as Prometheus families; the API adds those of agents and versions.
#pragma once

#include <cstdint>
#include <vector>

#include "control/alerts/folder.h"
#include "control/alerts/sink.h"
#include "control/flowmap/edge_map.h"
#include "control/flows/store.h"
#include "control/server/server.h"

namespace prometheus {
struct MetricFamily;
}

namespace ringwall::app {

struct MetricInput {
    server::ServerStats server;
    flows::Counters flows;
    std::uint64_t flow_rows = 0;
    flowmap::MapCounters map;
    std::size_t map_edges = 0;
    std::uint64_t map_bytes = 0;
    alerts::FolderCounters alerts;
    std::vector<alerts::SinkState> sinks;
};

std::vector<prometheus::MetricFamily> metric_families(const MetricInput& input);

} // namespace ringwall::app
