#include "control/history/staged.h"

#include "common/address_bytes.h"
#include "control/flowmap/ends.h"

namespace ringwall::history {
namespace {

// The ends as the map would have them of a flow like this row.
v1::FlowSummary as_summary(const v1::ImpactRow& row) {
    v1::FlowSummary out;
    *out.mutable_process() = row.process();
    *out.mutable_peer_lists() = row.peer_lists();
    return out;
}

} // namespace

StagedVerdicts::Key StagedVerdicts::key(bool inbound, const flowmap::Side& own,
                                        const flowmap::Side& other, std::uint8_t protocol,
                                        std::uint16_t port) {
    return {inbound,  own.who,    own.process, own.unit, own.container,
            own.user, other.kind, other.who,   protocol, port};
}

StagedVerdicts::StagedVerdicts(const std::vector<StagedRow>& rows) {
    for (const auto& [row, local, peer] : rows) {
        const auto summary = as_summary(row);
        const auto address = address_from_bytes(row.peer()).value_or(Address{});
        auto& told = told_[key(row.direction() == v1::INBOUND, flowmap::own_side(summary, local),
                               flowmap::other_side(summary, peer, address),
                               static_cast<std::uint8_t>(row.protocol()),
                               static_cast<std::uint16_t>(row.port()))];
        told = flowmap::worse(told, row.allows() ? v1::ALLOWED : v1::BLOCKED);
    }
}

v1::FlowVerdict StagedVerdicts::at_end(const flowmap::Edge& edge, const flowmap::Side& own,
                                       const flowmap::Side& other, bool inbound) const {
    const auto found = told_.find(key(inbound, own, other, edge.protocol, edge.port));
    return found == told_.end() ? own.verdict : found->second;
}

v1::FlowVerdict StagedVerdicts::of(const flowmap::Edge& edge, const flowmap::Side& source,
                                   const flowmap::Side& destination) const {
    return flowmap::worse(at_end(edge, source, destination, false),
                          at_end(edge, destination, source, true));
}

} // namespace ringwall::history
