// Parts of a policy in the form that snapshots carry.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/ip.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

// A port with the process that this end judges.
struct ServiceBit {
    std::optional<std::uint8_t> protocol; // nullopt: any
    std::vector<model::PortRange> ports;
    std::vector<model::IcmpType> icmp;
    std::optional<model::ProcessSelector> process;
    auto tie() const { return std::tie(protocol, ports, icmp, process); }
    bool operator<(const ServiceBit& other) const { return tie() < other.tie(); }
    bool operator==(const ServiceBit& other) const { return tie() == other.tie(); }
};

std::string wire(const Address& address); // 4 or 16 bytes
v1::Mode wire(model::Mode mode);
v1::Action wire(model::Action action);
v1::AddressList wire(const model::AddressList& list);
void write(const ServiceBit& service, v1::Service& out);

} // namespace ringwall::compute
