#include "control/fleet/intake.h"

#include <algorithm>

namespace ringwall::fleet {

void Intake::greeted(std::uint64_t stream, std::uint64_t acknowledged) {
    if (stream != stream_) {
        stream_ = stream;
        accepted_ = stored_ = 0;
        queued_.clear();
    }
    stored_ = std::max(stored_, acknowledged);
    accepted_ = std::max(accepted_, stored_);
}

Intake::Outcome Intake::received(const v1::FlowBatch& batch, std::uint64_t& lost,
                                 SessionStats& stats) {
    const auto summaries = static_cast<std::uint64_t>(batch.summaries_size());
    if (batch.first() == 0 || batch.last() < batch.first() ||
        batch.last() - batch.first() < summaries - (summaries ? 1 : 0))
        return Outcome::violation;
    if (batch.last() <= accepted_) {
        ++stats.flow_duplicates;
        return batch.last() <= stored_ ? Outcome::known : Outcome::repeated;
    }
    if (queued_.size() >= window_)
        return Outcome::violation;
    if (batch.first() <= accepted_)
        ++stats.flow_overlaps;
    lost = batch.first() > accepted_ ? batch.first() - accepted_ - 1 : 0;
    stats.flows_lost += lost;
    stats.flow_summaries += summaries;
    stats.flows_folded += batch.last() - batch.first() + 1 - summaries;
    accepted_ = batch.last();
    queued_.push_back(accepted_);
    return Outcome::taken;
}

bool Intake::stored(std::uint64_t stream, std::uint64_t through) {
    if (stream != stream_ || through <= stored_ || through > accepted_)
        return false;
    stored_ = through;
    while (!queued_.empty() && queued_.front() <= stored_)
        queued_.pop_front();
    return true;
}

void Intake::failed() {
    accepted_ = stored_;
    queued_.clear();
}

} // namespace ringwall::fleet
