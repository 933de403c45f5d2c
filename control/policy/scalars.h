// Addresses, ports, ICMP types and process selectors as the policy file writes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/model/model.h"
#include "control/policy/fields.h"

namespace ringwall::policy {

// One workload's own address: no prefix length, nothing unspecified, loopback or multicast.
std::optional<Address> workload_address(Context& context, const Node& node);

// "10.0.0.0/8", "10.0.0.1" or "10.0.0.1-10.0.0.9".
std::optional<model::AddressRange> address_range(Context& context, const Node& node);

// Fields proto, ports and types of a services entry; `fields` belongs to `node`.
model::Port port(Context& context, const Node& node, const Fields& fields);

// {path, name, unit, container, user, group, sha256}; at least one part.
std::optional<model::ProcessSelector> process(Context& context, const Node& node);

} // namespace ringwall::policy
