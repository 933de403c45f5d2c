// Which flows a reader wants. The same words as the agent's `ringwall flows`. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/ip.h"
#include "control/flows/row.h"

namespace ringwall::flows {

struct LabelTerm {
    std::string key, value;
    bool equal = true; // false: has another value, or none
};

// Everything given must hold. Several values of one field are alternatives, but for label terms, of
// which each must hold.
struct Filter {
    std::vector<LabelTerm> source, destination; // of who connects, and of who serves
    std::vector<LabelTerm> labels;              // at either end, all at the same end
    std::vector<Prefix> addresses;              // either end; a host or a CIDR
    std::vector<std::uint16_t> ports;           // of the service; ICMP: type << 8 | code
    std::vector<std::uint8_t> protocols;        // IANA numbers
    // Equal to the path, its last component, the unit (whole or last component) or the container of
    // the process at the agent's end.
    std::vector<std::string> processes;
    std::vector<v1::FlowVerdict> verdicts;
    std::vector<std::string> agents;
    std::vector<std::string> workloads; // the subject
    std::int64_t since_ns = 0;          // Row::at_ns, [since, until)
    std::int64_t until_ns = std::numeric_limits<std::int64_t>::max();
};

// What can be told without reading the whole row.
struct Outline {
    std::string_view agent;
    v1::FlowVerdict verdict;
    std::uint32_t protocol, port;
};
bool plausible(const Filter& filter, const Outline& outline);

bool matches(const Filter& filter, const Row& row);

} // namespace ringwall::flows
