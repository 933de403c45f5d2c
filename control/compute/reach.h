// What the rules say of one workload, for people: who may reach it and whom it may reach. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/model/model.h"

namespace ringwall::compute {

// One rule at one end, for one process at each end: what program() makes of it.
struct ReachRow {
    std::string rule; // "ruleset/rule"
    model::Action action = model::Action::allow;
    bool inbound = false;
    std::string peers;                 // "role=App, env=Production; list office"
    std::size_t workloads = 0;         // others that the peers' labels or names mean now
    std::vector<std::string> services; // "tcp 8080", "udp (all ports)", "icmp type 8", "everything"
    std::string process, peer_process; // "/usr/bin/java", "tomcat10.service"; empty: any
    std::optional<std::int64_t> expires_ns;
    std::string words; // all of it as a sentence without its full stop
};

struct Reach {
    std::vector<ReachRow> inbound, outbound; // what decides first comes first, then by rule
};
// `subject`: one of the policy's. Rules that mean nobody now have no row.
Reach reach(const model::Policy& policy, const model::Workload& subject);

// A sentence: what happens to what no row speaks of.
std::string otherwise(const model::Workload& subject, bool inbound);

} // namespace ringwall::compute
