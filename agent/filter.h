// Which flows a reader wants. The same words on the command line and in the local API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/flows.h"
#include "common/error.h"

namespace ringwall::agent {

enum class FilterErrc { unknown_field, bad_value };
using FilterError = BasicError<FilterErrc>;

// All given (non-empty) fields must hold; several values of one field are alternatives, except
// labels, where each must hold.
struct FlowFilter {
    using Pair = std::pair<std::string, std::string>;
    std::vector<Pair> labels, from_labels, to_labels; // labels: at either end, all at the same end
    std::vector<Prefix> addresses;                    // either end; a host or a CIDR
    std::vector<std::uint16_t> ports;                 // of the service
    std::vector<std::uint8_t> protocols;
    std::vector<std::string> processes; // shown name, path, basename, unit or container
    std::vector<loader::Verdict> verdicts;
    std::vector<loader::Direction> directions;
    std::vector<std::string> users;
    std::vector<std::string> rules;
    std::vector<std::string> workloads; // at either end
    std::vector<loader::EventKind> kinds;
    std::int64_t since_ns = 0; // wall clock

    bool matches(const Flow& flow) const;
};

// {"label": ["app=Payments"], "port": [53], ...}; a single value may stand without brackets.
// Fields: label, from_label, to_label, address, port, protocol, process, verdict, direction, user,
// rule, workload, kind, since (seconds since 1970).
std::expected<FlowFilter, FilterError> parse_filter(const boost::json::object& given);

} // namespace ringwall::agent
