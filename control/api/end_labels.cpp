#include "control/api/end_labels.h"

#include <algorithm>

namespace ringwall::api {
namespace {

const model::Labels* labels_of_workload(const core::Controller& controller,
                                        const std::string& name) {
    const auto& workloads = controller.active().workloads;
    const auto place = std::ranges::lower_bound(workloads, name, {}, &model::Workload::name);
    return place == workloads.end() || place->name != name ? nullptr : &place->labels;
}

} // namespace

EndLabels end_labels(const core::Controller& controller, const v1::FlowSummary& summary) {
    EndLabels out;
    if (const auto* labels = labels_of_workload(controller, summary.subject()))
        out.local = *labels;
    else if (const auto* key = controller.identity_key(summary.subject_identity()))
        out.local = key->labels;
    if (summary.peer_identities_size() > 0)
        if (const auto* key = controller.identity_key(summary.peer_identities(0)))
            out.peer = key->labels;
    // Who the rules of that host do not know is known here.
    if (out.peer.empty() && summary.peer_lists_size() == 0)
        if (const auto name = controller.workload_at(summary.peer()); !name.empty())
            if (const auto* labels = labels_of_workload(controller, name))
                out.peer = *labels;
    return out;
}

} // namespace ringwall::api
