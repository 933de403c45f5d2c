#include "control/server/gate.h"

#include <utility>

namespace ringwall::server {

bool Gate::crowded(const std::string& network) const {
    const auto it = of_network_.find(network);
    return it != of_network_.end() && it->second >= limits_.of_one_network;
}

Gate::Ticket Gate::enter(const std::string& network, Instant now, std::function<void()> drop) {
    ++of_network_[network];
    inside_.emplace(++last_, Entry{network, now, std::move(drop)});
    return last_;
}

void Gate::leave(Ticket ticket) {
    const auto it = inside_.find(ticket);
    if (it == inside_.end())
        return;
    if (const auto network = of_network_.find(it->second.network); --network->second == 0)
        of_network_.erase(network);
    inside_.erase(it);
}

Gate::Instant Gate::next_drop() const {
    return inside_.begin()->second.since + limits_.patience;
}

void Gate::drop_oldest() {
    const auto [ticket, entry] = *inside_.begin();
    leave(ticket);
    entry.drop();
}

void Gate::drop_all() {
    while (!inside_.empty())
        drop_oldest();
}

} // namespace ringwall::server
