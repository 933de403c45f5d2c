// From the policy a person wrote to what one agent enforces. Pure: values in, values out.
//
// The meaning (ARCHITECTURE: "Policy semantics"), as far as it is decided here:
//  - A rule is programmed at both ends: outbound at every workload of this host that `from`
//  selects,
//    inbound at every one that `to` selects. `any` selects every workload; a list selects none.
//  - Only the own side's process selectors are programmed. A selector of the other side counts as
//    true in an allow, which then reaches only peers with an agent (they judge it themselves), and
//    as false in a deny or override-deny, which is not programmed here at all.
//  - `all` under a scope means the workloads of that scope; without one every workload. `any` also
//    means addresses that belong to nobody.
//  - An intra-scope rule takes both ends from one scope instance, an extra-scope rule narrows `to`.
//  - Host-local addresses of other hosts are left out of the inventory.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "common/error.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

enum class Errc {
    invalid_policy,   // model::validate() or check() found an error; the message has its place
    unknown_workload, // nobody of that name
    not_a_host,       // unmanaged, or a subject inside another host
};
using Error = BasicError<Errc>;

// The snapshot of the agent that runs as `host_workload`: the host itself first, then the workloads
// with a cgroup on it, by name. Identities, rules, lists and addresses are in an order that depends
// on the policy's content only.
std::expected<v1::Snapshot, Error> snapshot(const model::Policy& policy,
                                            std::string_view host_workload, std::uint64_t version);

// What validate() cannot see: an allow whose process selector nobody can judge, because every end
// that it selects is without an agent.
std::expected<void, Error> check(const model::Policy& policy);

} // namespace ringwall::compute
