#include <algorithm>

#include "control/flowmap/edge_map.h"

namespace ringwall::flowmap {
namespace {

bool any_in(const std::set<std::int64_t>& kept, std::int64_t since_ns, std::int64_t until_ns) {
    const auto found = kept.lower_bound(since_ns);
    return found != kept.end() && *found < until_ns;
}

} // namespace

struct EdgeMap::Reading {
    std::int64_t since_ns, until_ns; // whole minutes
    Period period;
    Totals totals;

    bool overlaps(std::int64_t at, std::int64_t end) const {
        return at < until_ns && end > since_ns;
    }
    void widen(std::int64_t at, std::int64_t end) {
        period.since_ns = std::min(period.since_ns, at);
        period.until_ns = std::max(period.until_ns, end);
    }
};

// Does a written span of this time tell less than what is in memory?
bool EdgeMap::reopened_in(std::int64_t since_ns, std::int64_t until_ns) const {
    for (auto open = open_.lower_bound(since_ns); open != open_.end() && open->first < until_ns;
         ++open)
        if (!open->second.adds && !open->second.written &&
            disk_->kept(Span::minute).contains(open->first))
            return true;
    return false;
}

// The longest spans that lie inside; where there are no shorter ones, also one that reaches out.
EdgeMap::Written EdgeMap::read_span(Span span, std::int64_t at_ns, Reading& reading) const {
    const auto end = at_ns + length_of(span);
    if (!reading.overlaps(at_ns, end))
        return {};
    const bool kept = disk_->kept(span).contains(at_ns);
    const bool stale = reopened_in(at_ns, end);
    if (span == Span::minute)
        return kept && !stale ? disk_->read(span, at_ns, reading.totals) : Written{};
    const bool inside = reading.since_ns <= at_ns && end <= reading.until_ns;
    const bool divisible = any_in(disk_->kept(finer(span)), at_ns, end);
    if (kept && ((inside && !stale) || !divisible)) {
        reading.widen(at_ns, end);
        return disk_->read(span, at_ns, reading.totals);
    }
    for (auto part = at_ns; part < end; part += length_of(finer(span)))
        if (auto done = read_span(finer(span), part, reading); !done)
            return done;
    return {};
}

flows::Result<Period> EdgeMap::read(std::int64_t since_ns, std::int64_t until_ns) const {
    std::int64_t first = until_ns, last = since_ns; // what there is
    for (const Span span : spans)
        if (const auto& kept = disk_->kept(span); !kept.empty()) {
            first = std::min(first, *kept.begin());
            last = std::max(last, *kept.rbegin() + length_of(span));
        }
    if (!open_.empty()) {
        first = std::min(first, open_.begin()->first);
        last = std::max(last, open_.rbegin()->first + minute_ns);
    }
    Reading reading{floor_to(std::max(since_ns, first), Span::minute),
                    floor_to(std::min(until_ns, last) + minute_ns - 1, Span::minute),
                    {},
                    {}};
    reading.period.since_ns = floor_to(since_ns, Span::minute);
    reading.period.until_ns = until_ns;
    for (auto day = floor_to(reading.since_ns, Span::day); day < reading.until_ns; day += day_ns)
        if (auto done = read_span(Span::day, day, reading); !done)
            return std::unexpected(done.error());
    for (const auto& [at, open] : open_)
        if (!open.written && reading.overlaps(at, at + minute_ns))
            for (const auto& [edge, numbers] : totals(at, open))
                reading.totals[edge] += numbers;
    reading.period.edges.assign(reading.totals.begin(), reading.totals.end());
    return std::move(reading.period);
}

} // namespace ringwall::flowmap
