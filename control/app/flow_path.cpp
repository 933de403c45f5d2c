#include "control/app/flow_path.h"

#include <algorithm>
#include <array>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

#include "control/api/wire_json.h"
#include "control/app/flow_json.h"

namespace ringwall::app {
namespace {

std::string to_text(const model::Labels& labels) {
    boost::json::object out;
    for (const auto& [key, value] : labels)
        out[key] = value;
    return boost::json::serialize(out);
}

core::Error from(const flows::Error& error) {
    const auto code = error.code == flows::Errc::invalid ? core::Errc::invalid : core::Errc::io;
    return {code, error.message, {}};
}

// What the store can tell by itself; the rest is asked of each flow by the reader.
flows::Filter narrowed(const api::FlowFilter& filter) {
    static constexpr std::array verdicts{v1::ALLOWED, v1::UNMATCHED, v1::WOULD_BLOCK, v1::BLOCKED};
    flows::Filter out;
    if (filter.address)
        out.addresses.push_back(*filter.address);
    if (filter.protocol)
        out.protocols.push_back(*filter.protocol);
    if (filter.port)
        out.ports.push_back(*filter.port);
    for (const auto verdict : verdicts)
        if (filter.verdicts.contains(api::name(verdict)))
            out.verdicts.push_back(verdict);
    out.since_ns = filter.since_ns;
    out.until_ns = filter.until_ns;
    return out;
}

const model::Labels* labels_of_workload(const core::Controller& controller,
                                        const std::string& name) {
    const auto& workloads = controller.active().workloads;
    const auto place = std::ranges::lower_bound(workloads, name, {}, &model::Workload::name);
    return place == workloads.end() || place->name != name ? nullptr : &place->labels;
}

} // namespace

FlowPath::FlowPath(boost::asio::io_context& loop, flows::Store& store, flowmap::EdgeMap& map,
                   Seen seen)
    : loop_(loop), store_(store), map_(map), seen_(std::move(seen)) {}

// Labels of this moment: of the subject by its name, of the peer by the identities that the agent
// knew it under.
flows::Labels FlowPath::labels_of(const v1::FlowSummary& summary) const {
    model::Labels local, peer;
    if (const auto* labels = labels_of_workload(*controller_, summary.subject()))
        local = *labels;
    else if (const auto* key = controller_->identity_key(summary.subject_identity()))
        local = key->labels;
    if (summary.peer_identities_size() > 0)
        if (const auto* key = controller_->identity_key(summary.peer_identities(0)))
            peer = key->labels;
    // Who the rules of that host do not know is known here.
    if (peer.empty() && summary.peer_lists_size() == 0)
        if (const auto name = peer_of(summary); !name.empty())
            if (const auto* labels = labels_of_workload(*controller_, name))
                peer = *labels;
    const bool outward = summary.direction() != v1::INBOUND;
    return outward ? flows::Labels{to_text(local), to_text(peer)}
                   : flows::Labels{to_text(peer), to_text(local)};
}

std::string FlowPath::peer_of(const v1::FlowSummary& summary) const {
    return controller_->workload_at(summary.peer());
}

void FlowPath::take(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
                    std::uint64_t lost) {
    flows::Arrival arrival{agent, stream, batch, lost, controller_->now_ns(), {}};
    for (const auto& summary : batch.summaries())
        arrival.labels.push_back(labels_of(summary));
    arrived_.push_back(std::move(arrival));
    if (arrived_.size() == 1)
        boost::asio::post(loop_, [this] { flush(); });
}

void FlowPath::flush() {
    const auto arrivals = std::exchange(arrived_, {});
    const auto stored = store_.append(arrivals);
    if (!stored) {
        spdlog::error("{} batches of flows are not stored, their agents send them again: {}",
                      arrivals.size(), stored.error().message);
        for (const auto& arrival : arrivals)
            controller_->hub().flows_failed(arrival.agent, stored.error().message);
        return;
    }
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        const auto& arrival = arrivals[i];
        controller_->hub().flows_stored(arrival.agent, arrival.stream, arrival.batch.last());
        if (const auto first_id = (*stored)[i])
            tell(arrival, first_id);
    }
}

void FlowPath::tell(const flows::Arrival& arrival, std::uint64_t first_id) {
    std::vector<std::shared_ptr<Listener>> now;
    std::erase_if(listeners_, [&](const std::weak_ptr<Listener>& weak) {
        if (auto listener = weak.lock())
            now.push_back(std::move(listener));
        return weak.expired();
    });
    for (std::size_t i = 0; i < arrival.labels.size(); ++i) {
        const auto& summary = arrival.batch.summaries(static_cast<int>(i));
        const flows::Row row{first_id + i,
                             flows::time_of(summary, arrival.received_ns),
                             arrival.received_ns,
                             arrival.agent,
                             summary,
                             arrival.labels[i]};
        map_.take(row);
        seen_(row);
        if (now.empty())
            continue;
        const auto flow = to_json(row, peer_of(summary));
        for (const auto& listener : now)
            (*listener)(flow);
    }
}

std::pair<std::uint64_t, std::uint64_t> FlowPath::through(const std::string& agent) {
    const auto mark = store_.mark(agent);
    if (mark)
        return {mark->stream, mark->through};
    spdlog::error("how far the flows of {} are stored cannot be read: {}", agent,
                  mark.error().message);
    return {};
}

core::Result<FlowPath::Page> FlowPath::query(const api::FlowFilter& filter,
                                             const std::string& after, std::size_t limit) const {
    const auto page = store_.query(narrowed(filter), {after, limit});
    if (!page)
        return std::unexpected(from(page.error()));
    Page out;
    out.next = page->next;
    for (const auto& row : page->rows)
        out.items.push_back(to_json(row, peer_of(row.summary)));
    return out;
}

std::shared_ptr<void> FlowPath::follow(Listener listener) {
    auto held = std::make_shared<Listener>(std::move(listener));
    listeners_.push_back(held);
    return held;
}

void FlowPath::trim(std::int64_t now_ns) {
    const auto trimmed = store_.trim(now_ns);
    if (!trimmed)
        spdlog::error("old flows cannot be removed: {}", trimmed.error().message);
    else if (trimmed->more)
        boost::asio::post(loop_, [this, now_ns] { trim(now_ns); });
}

} // namespace ringwall::app
