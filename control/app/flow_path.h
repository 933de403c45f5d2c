// What becomes of flow summaries: labelled, stored, answered, then told to readers and to alerts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/api/flow_source.h"
#include "control/core/controller.h"
#include "control/flowmap/edge_map.h"
#include "control/flows/store.h"

namespace boost::asio {
class io_context; // NOLINT(readability-identifier-naming): not ours
}

namespace ringwall::app {

class FlowPath final : public core::FlowSink, public api::FlowSource {
  public:
    // `seen` hears of each summary that was stored, once.
    using Seen = std::function<void(const flows::Row&)>;
    FlowPath(boost::asio::io_context& loop, flows::Store& store, flowmap::EdgeMap& map, Seen seen);

    // After both exist; the controller needs this one to start.
    void attach(core::Controller& controller) { controller_ = &controller; }

    // What comes in one turn of the loop is one transaction.
    void take(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
              std::uint64_t lost) override;
    std::pair<std::uint64_t, std::uint64_t> through(const std::string& agent) override;

    core::Result<Page> query(const api::FlowFilter& filter, const std::string& after,
                             std::size_t limit) const override;
    core::Result<Missed> behind(std::uint64_t id, std::size_t most) const override;
    std::shared_ptr<void> follow(std::function<void(const boost::json::object&)> listener) override;

    void trim(std::int64_t now_ns);

  private:
    using Listener = std::function<void(const boost::json::object&)>;
    void flush();
    void tell(const flows::Arrival& arrival, std::uint64_t first_id);
    flows::Labels labels_of(const v1::FlowSummary& summary) const;
    std::string peer_of(const v1::FlowSummary& summary) const;

    boost::asio::io_context& loop_;
    flows::Store& store_;
    flowmap::EdgeMap& map_;
    Seen seen_;
    core::Controller* controller_ = nullptr;
    std::vector<flows::Arrival> arrived_;
    std::vector<std::weak_ptr<Listener>> listeners_;
};

} // namespace ringwall::app
