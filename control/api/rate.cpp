#include "control/api/rate.h"

#include <algorithm>
#include <cmath>

namespace ringwall::api {

double RateLimiter::left(const std::string& name, Time now) const {
    const auto found = buckets_.find(name);
    if (found == buckets_.end())
        return rate_.burst;
    const auto passed = std::chrono::duration<double>(now - found->second.seen).count();
    return std::min(rate_.burst, found->second.left + std::max(passed, 0.0) * rate_.per_second);
}

std::optional<std::chrono::seconds> RateLimiter::wait(const std::string& name, Time now) const {
    const double there = left(name, now);
    if (there >= 1)
        return std::nullopt;
    return std::chrono::seconds(
        std::max(1L, std::lround(std::ceil((1 - there) / rate_.per_second))));
}

std::optional<std::chrono::seconds> RateLimiter::take(const std::string& name, Time now) {
    if (auto seconds = wait(name, now))
        return seconds;
    const double rest = left(name, now) - 1;
    if (buckets_.size() >= most_names_ && !buckets_.contains(name))
        make_room(now);
    buckets_[name] = {rest, now};
    return std::nullopt;
}

// Full buckets go. When that is not enough, so do all: who fills the table with new names is not
// held up by it anyhow, and the others start anew with a burst.
void RateLimiter::make_room(Time now) {
    const auto is_full = [&](const auto& entry) { return left(entry.first, now) >= rate_.burst; };
    std::erase_if(buckets_, is_full);
    if (buckets_.size() >= most_names_)
        buckets_.clear();
}

} // namespace ringwall::api
