#include "control/flowmap/activity.h"

#include <algorithm>
#include <array>

#include "control/flowmap/minute.h"

namespace ringwall::flowmap {
namespace {

constexpr std::array widths{minute_ns,      2 * minute_ns,  3 * minute_ns,  5 * minute_ns,
                            10 * minute_ns, 15 * minute_ns, 30 * minute_ns, hour_ns,
                            2 * hour_ns,    3 * hour_ns,    6 * hour_ns,    12 * hour_ns};

std::int64_t floor_to(std::int64_t time_ns, std::int64_t width_ns) {
    return time_ns - time_ns % width_ns;
}

std::uint64_t& of(Bucket& bucket, v1::FlowVerdict verdict) {
    switch (verdict) {
    case v1::BLOCKED:
        return bucket.blocked;
    case v1::WOULD_BLOCK:
        return bucket.would_block;
    case v1::ALLOWED:
        return bucket.allowed;
    default:
        return bucket.unmatched;
    }
}

} // namespace

Activity::Activity(const Reader& reader, std::unordered_set<EdgeId> edges, std::int64_t since_ns,
                   std::int64_t until_ns, std::size_t most)
    : reader_(reader), edges_(std::move(edges)), since_ns_(since_ns), until_ns_(until_ns),
      most_(most) {
    begin(minute_ns);
}

// Several days begin with the first of them.
std::int64_t Activity::start_of(std::int64_t width_ns) const {
    return floor_to(since_ns_, std::min(width_ns, day_ns));
}

bool Activity::fits(std::int64_t width_ns) const {
    return (until_ns_ - start_of(width_ns) - 1) / width_ns < static_cast<std::int64_t>(most_);
}

void Activity::begin(std::int64_t least_ns) {
    const auto* const found = std::ranges::find_if(
        widths, [&](std::int64_t width) { return width >= least_ns && fits(width); });
    width_ns_ = found != widths.end() ? *found : day_ns;
    if (!fits(width_ns_)) {
        const auto days = (until_ns_ - start_of(day_ns) - 1) / day_ns + 1;
        const auto most = static_cast<std::int64_t>(most_);
        width_ns_ = (days + most - 1) / most * day_ns;
    }
    next_ns_ = start_of(width_ns_);
    buckets_.clear();
}

Bucket Activity::sum(const Period& period, std::int64_t from_ns) const {
    Bucket out{.from_ns = from_ns};
    for (const auto& [edge, numbers] : period.edges)
        if (edges_.contains(edge))
            of(out, reader_.catalog().verdict(edge)) += numbers.count;
    return out;
}

flows::Result<bool> Activity::advance() {
    const auto from = next_ns_, to = from + width_ns_;
    const auto period = reader_.read(std::max(from, since_ns_), std::min(to, until_ns_));
    if (!period)
        return std::unexpected(period.error());
    if (period->since_ns < from || period->until_ns > to) {
        begin(width_ns_ < hour_ns ? hour_ns : day_ns);
        return true;
    }
    buckets_.push_back(sum(*period, from));
    next_ns_ = to;
    return next_ns_ < until_ns_;
}

} // namespace ringwall::flowmap
