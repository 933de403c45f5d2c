#include "control/server/hub_timer.h"

#include <algorithm>

#include "control/server/server.h"

namespace ringwall::server {
namespace {

// The timer counts no sleep as the hub's clock does, and others set deadlines, too (an offer from
// the API): whatever has come nearer is noticed after this at the latest.
constexpr fleet::Time longest_wait = std::chrono::seconds(1);

} // namespace

fleet::Hub& HubTimer::now() {
    hub_.at(boot_clock());
    return hub_;
}

void HubTimer::arm() {
    const auto next = hub_.next_deadline();
    if (!next)
        return;
    const auto now = boot_clock();
    const auto due = std::min(*next, now + longest_wait);
    if (armed_ && *armed_ <= due)
        return;
    armed_ = due;
    timer_.expires_after(due - now);
    timer_.async_wait([timer = weak_from_this()](boost::system::error_code error) {
        if (const auto self = timer.lock(); self && !error)
            self->ring();
    });
}

void HubTimer::ring() {
    armed_.reset();
    if (stopped_)
        return;
    now();
    arm();
}

void HubTimer::stop() {
    stopped_ = true;
    timer_.cancel();
}

} // namespace ringwall::server
