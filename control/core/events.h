// What happened, for whoever listens: the newest are kept, so that a listener who was away for a
// moment misses nothing, and learns it when it was away too long.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/json/object.hpp>

namespace ringwall::core {

// Types: change, version, rollout, staging, agent, alert, missed. `json` is an object.
struct Event {
    std::uint64_t id = 0; // rises by one
    std::string type, json;
};

class Events {
  public:
    using Listener = std::function<void(const Event&)>;
    using Subscription = std::shared_ptr<void>; // ends with its life

    void publish(std::string type, const boost::json::object& content);
    // `after`: the id of the last event that was seen; 0: only new ones. What is kept of those
    // behind it comes at once, after a "missed" event when some are gone already.
    Subscription subscribe(std::uint64_t after, Listener listener);

  private:
    static constexpr std::size_t most_kept = 1000;
    void replay(std::uint64_t after, const Listener& listener) const;

    std::uint64_t last_ = 0;
    std::deque<Event> kept_;
    std::map<std::uint64_t, std::weak_ptr<Listener>> listeners_;
    std::uint64_t next_listener_ = 0;
};

} // namespace ringwall::core
