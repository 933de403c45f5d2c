// The labels of this moment at both ends of what an agent told.
#pragma once

#include "control/core/controller.h"
#include "control/proto/session.pb.h"

namespace ringwall::api {

struct EndLabels {
    model::Labels local, peer; // of whose agent told it, and of the other end
};
// Of the subject by its name, of the peer by the identities that the agent knew it under, else by
// who has its address.
EndLabels end_labels(const core::Controller& controller, const v1::FlowSummary& summary);

} // namespace ringwall::api
