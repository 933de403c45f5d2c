#include "control/core/events.h"

#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace ringwall::core {

void Events::publish(std::string type, const boost::json::object& content) {
    kept_.push_back({++last_, std::move(type), boost::json::serialize(content)});
    if (kept_.size() > most_kept)
        kept_.pop_front();
    const Event event = kept_.back();
    std::vector<std::shared_ptr<Listener>> now;
    std::erase_if(listeners_, [&](const auto& entry) {
        if (auto listener = entry.second.lock())
            now.push_back(std::move(listener));
        return entry.second.expired();
    });
    for (const auto& listener : now)
        (*listener)(event);
}

Events::Subscription Events::subscribe(std::uint64_t after, Listener listener) {
    auto held = std::make_shared<Listener>(std::move(listener));
    if (after != 0)
        replay(after, *held);
    listeners_[next_listener_++] = held;
    return held;
}

void Events::replay(std::uint64_t after, const Listener& listener) const {
    const auto oldest = last_ - kept_.size();
    if (after < oldest || after > last_) // of an earlier life, too
        listener(
            {after, "missed",
             fmt::format(R"({{"sentence":"events between {} and {} are not kept any more; read "
                              "the state anew"}})",
                         after, oldest + 1)});
    for (const Event& event : kept_)
        if (event.id > after || after > last_)
            listener(event);
}

} // namespace ringwall::core
