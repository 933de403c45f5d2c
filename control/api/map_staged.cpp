#include "control/api/map_staged.h"

#include <memory>
#include <vector>

#include "control/api/end_labels.h"
#include "control/flowmap/ends.h"
#include "control/history/staged.h"

namespace ringwall::api {
namespace {

history::StagedRow with_labels(const core::Controller& controller, const v1::ImpactRow& row) {
    v1::FlowSummary ends;
    ends.set_subject(row.subject());
    ends.set_subject_identity(row.subject_identity());
    ends.set_peer(row.peer());
    *ends.mutable_peer_identities() = row.peer_identities();
    *ends.mutable_peer_lists() = row.peer_lists();
    const auto [local, peer] = end_labels(controller, ends);
    return {row, flowmap::text_of(local), flowmap::text_of(peer)};
}

} // namespace

flowmap::VerdictOf staged_verdicts(const core::Controller& controller,
                                   const flowmap::Catalog& catalog) {
    std::vector<history::StagedRow> rows;
    for (const auto& [agent, impact] : controller.impacts().all())
        for (const auto& row : impact.rows())
            rows.push_back(with_labels(controller, row));
    return [&catalog,
            verdicts = std::make_shared<const history::StagedVerdicts>(rows)](flowmap::EdgeId id) {
        const auto& edge = catalog.edge(id);
        return verdicts->of(edge, catalog.side(edge.source), catalog.side(edge.destination));
    };
}

} // namespace ringwall::api
