#include "control/app/flow_path.h"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "control/api/end_labels.h"
#include "control/api/wire_json.h"
#include "control/app/flow_json.h"
#include "control/flowmap/ends.h"

namespace ringwall::app {
namespace {

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

} // namespace

FlowPath::FlowPath(boost::asio::io_context& loop, flows::Store& store, flowmap::EdgeMap& map,
                   Seen seen)
    : loop_(loop), store_(store), map_(map), seen_(std::move(seen)) {}

flows::Labels FlowPath::labels_of(const v1::FlowSummary& summary) const {
    const auto [local, peer] = api::end_labels(*controller_, summary);
    auto here = flowmap::text_of(local), there = flowmap::text_of(peer);
    const bool outward = summary.direction() != v1::INBOUND;
    return outward ? flows::Labels{std::move(here), std::move(there)}
                   : flows::Labels{std::move(there), std::move(here)};
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

core::Result<FlowPath::Missed> FlowPath::behind(std::uint64_t id, std::size_t most) const {
    const auto last = store_.last_id();
    const auto first = last > most ? std::max(id, last - most) + 1 : id + 1;
    Missed out{.flows = {}, .more = first > id + 1 || id > last};
    const auto read = store_.each(
        0, std::numeric_limits<std::int64_t>::max(), {.first = first},
        [&](const flows::Row& row) { out.flows.push_back(to_json(row, peer_of(row.summary))); });
    if (!read)
        return std::unexpected(from(read.error()));
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
