// The naive twin of compute, compile and the kernel: one question, straight loops over the whole
// policy, no index and no cache. Shares no code with what it is compared to; only plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "control/model/model.h"

namespace ringwall::oracle {

enum class Direction { outbound, inbound };
enum class Verdict { idle, allowed, would_block, unmatched, blocked };

const char* name(Direction);
const char* name(Verdict);
// Does the packet go on its way?
bool passes(Verdict);

// What is known of the process at the subject's end; nullopt is unresolved.
struct Process {
    std::optional<std::string> path;      // "/usr/sbin/named"; unresolved: neither is the name
    std::optional<std::string> unit;      // cgroup path, "/system.slice/named.service"
    std::optional<std::string> container; // empty: known to be in none
    std::optional<std::uint32_t> user;
    std::optional<std::set<std::uint32_t>> groups;
    bool more_groups = false; // it has others that were not looked at
    std::optional<std::string> sha256;
    bool operator==(const Process&) const = default;
};

// What a node knows about names.
struct Node {
    std::map<std::string, std::uint32_t> users, groups;
    std::string unit_parent = "/system.slice"; // where a unit without a slash lives
};

// One connection seen at one end.
struct Flow {
    std::string subject; // the workload at whose end it is judged
    Direction direction = Direction::outbound;
    Address peer;
    std::uint8_t protocol = 6;
    std::uint16_t port = 0; // of the service: the peer's when outbound, the own when inbound
    std::uint8_t icmp_type = 0, icmp_code = 0;
    bool fragment = false; // neither port nor type is seen
    Process process;
};

// What the decision touched, for the coverage report.
struct Touched {
    std::set<std::string> parts; // of process selectors that were judged for this peer and port
    std::set<std::string> forms; // of selectors that met the peer
    std::string scope;           // of the deciding rule: "intra, several scopes", ...
    std::string action;          // of the deciding rule; empty: none
    bool unresolved = false;     // a judged part was unresolved
};

struct Decision {
    Verdict verdict = Verdict::idle;
    std::optional<model::Action> action; // nullopt: no rule matched
    std::string rule;                    // "rule set/rule", lowest of the deciding action
    Touched touched;
};

// A day of 2026, wall clock, ns since 1970: the time of questions that name none.
inline constexpr std::int64_t usual_now_ns = 1'795'760'610'000'000'000;

Decision evaluate(const model::Policy& policy, const Node& node, const Flow& flow,
                  std::int64_t now_ns = usual_now_ns);

// Is the workload at the rule's source end (outbound) or destination end (inbound)?
bool concerns(const model::Policy& policy, const model::RuleSet& rule_set, const model::Rule& rule,
              Direction direction, const model::Workload& workload);

} // namespace ringwall::oracle
