// Which rule decides a flow, or why none does: the snapshot read plainly, without classes, prefixes
// or bit sets. Pure.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/api.h"
#include "control/proto/policy.pb.h"
#include "loader/datapath.h"

namespace ringwall::agent {

struct Tuple {
    Address peer;
    std::uint8_t protocol = 0;
    std::uint16_t port = 0; // of the service; ICMP: type << 8 | code
    bool any_port = false;  // the port is not known: only all-port rules match
};

// What is known about the process at this end; empty: unknown.
struct ProcessFacts {
    std::string path, unit, container, user, group, sha256;
    bool known() const {
        return !(path.empty() && unit.empty() && container.empty() && user.empty() &&
                 group.empty() && sha256.empty());
    }
};

struct Judgement {
    std::string workload; // whose agent judges here
    bool inbound = false;
    std::string peer; // in words: "web-uk-1 (Web Server, Payments, Production, UK) 10.0.0.1"
    std::string mode;
    std::string verdict;            // allowed, would-block, unmatched, blocked, not judged
    std::string reason;             // a sentence
    std::vector<std::string> rules; // that matched, deciding one first
    std::vector<std::string>
        near;            // rules that name the peer and fail on one thing, with that thing
    bool unsure = false; // an allow rule asks for what is not known here about the process
};

Judgement judge(const v1::Snapshot& snapshot, const v1::Subject& subject, bool inbound,
                const Tuple& tuple, const ProcessFacts& process);

// An address as text, or the first address of that workload in the snapshot.
std::expected<Address, ApiError> resolve(const v1::Snapshot& snapshot, const std::string& who);
const v1::Subject* subject_of(const v1::Snapshot& snapshot, const std::string& who);

// Every end of the flow that this snapshot enforces. Error: neither end is enforced here.
std::expected<std::vector<Judgement>, ApiError> why(const v1::Snapshot& snapshot,
                                                    const WhyQuery& query);

boost::json::object to_json(const Judgement& judgement);

} // namespace ringwall::agent
