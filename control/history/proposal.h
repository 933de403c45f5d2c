// Rules that would allow recorded edges, as tight as their labels, services and processes let them
// be. Nothing is proposed that a deny in force forbids, and nothing for ends without labels. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/history/comparison.h"

namespace ringwall::history {

// How much of an edge a rule repeats.
enum class Level {
    process, // role to role, service and the process that serves
    service, // role to role and service
    role,    // role to role, all ports of the protocols
    app,     // everything of one application to everything of another, or inside it
};
inline constexpr std::array level_names{"process", "service", "role", "app"};

struct ProposalOptions {
    Level level = Level::process;
    bool merge = false; // rules that differ in their source only are one
    std::int64_t now_ns = 0;
};

// Whom a rule means by labels; several are alternatives.
using Labels = std::map<std::string, std::string>;

struct ProposedRule {
    std::string name;
    bool intra = false;             // both ends inside the scope
    std::vector<Labels> from, to;   // empty labels: everybody in the scope
    std::vector<std::string> lists; // sources that are address lists
    std::uint8_t protocol = 0;
    std::optional<std::uint16_t> port; // none: all; ICMP: type << 8 | code
    std::string unit, container, path; // of the process; at most one
    // Evidence and what to think about before it is taken.
    std::uint64_t connections = 0;
    std::size_t edges = 0;
    std::int64_t first_seen_ns = 0, last_ns = 0;
    std::set<std::string> risks; // sentences
};

struct ProposedSet {
    std::string name;
    Labels scope; // labels of the destination but its role
    std::vector<ProposedRule> rules;
};

struct Uncovered {
    std::size_t recorded = 0; // place in Comparison::edges
    std::string why;          // a sentence, with the cure
};

struct Proposal {
    std::vector<ProposedSet> sets;
    // Connections.
    std::uint64_t all = 0, allowed_already = 0, proposed = 0;
    std::vector<Uncovered> uncovered;
};

// `recorded`: the wanted edges, and in `active` what is in force. Error: it does not compile.
std::expected<Proposal, std::string> propose(const Comparison& recorded,
                                             const ProposalOptions& options);

} // namespace ringwall::history
