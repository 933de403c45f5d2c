#include <algorithm>

#include "control/flowmap/edge_map.h"

namespace ringwall::flowmap {
namespace {

constexpr std::int64_t settled_after_ns = 90'000'000'000; // a minute without news
constexpr std::int64_t neighbour_for_ns = 3 * minute_ns;  // a written one in memory
constexpr std::int64_t gathered_after_ns = 5 * minute_ns; // an hour or a day that is over
constexpr std::size_t most_open = 240;                    // minutes

} // namespace

// Shorter spans go by whole longer ones, so that a longer one has all of its parts or none.
bool EdgeMap::keeps(Span span, std::int64_t at_ns) const {
    const auto age = [&](Span whole) {
        return now_ns_ - floor_to(at_ns, whole) - length_of(whole);
    };
    switch (span) {
    case Span::minute:
        return age(Span::hour) < std::chrono::nanoseconds(options_.minutes_for).count();
    case Span::hour:
        return age(Span::day) < std::chrono::nanoseconds(options_.hours_for).count();
    default:
        return age(Span::day) < std::chrono::nanoseconds(options_.days_for).count();
    }
}

std::set<std::int64_t> EdgeMap::due(bool all) const {
    std::set<std::int64_t> out, unwritten;
    bool adding = false;
    for (const auto& [at, open] : open_) {
        if (open.written)
            continue;
        unwritten.insert(at);
        const bool settled = now_ns_ - std::max(at + minute_ns, open.taken_ns) >= settled_after_ns;
        const bool ahead = at > now_ns_ + 2 * minute_ns; // the clock was put back
        if (settled || ahead) {
            out.insert(at);
            adding |= open.adds;
        }
    }
    // What is added must not be added again after a crash: then nothing may be left open.
    const bool everything = all || adding || unwritten.size() > most_open;
    return everything ? unwritten : out;
}

EdgeMap::Written EdgeMap::add(Disk::Change& change, Span span, std::int64_t at_ns,
                              const Totals& totals) {
    Totals sum = totals;
    if (auto read = disk_->read(span, at_ns, sum); !read)
        return read;
    return change.put(span, at_ns, sum);
}

// Adds to the shortest span that is still kept of that time.
EdgeMap::Written EdgeMap::put_late(Disk::Change& change, std::int64_t at_ns, const Open& open) {
    for (const Span span : spans) {
        const auto start = floor_to(at_ns, span);
        if (!keeps(span, at_ns) && !change.kept(span).contains(start))
            continue;
        const auto parent = floor_to(at_ns, coarser(span));
        if (span != Span::day && change.kept(coarser(span)).contains(parent))
            stale_.emplace(coarser(span), parent);
        return add(change, span, start, totals(at_ns, open));
    }
    counters_.too_old += open.minute.pairs();
    return {};
}

EdgeMap::Written EdgeMap::put(Disk::Change& change, std::int64_t at_ns, const Open& open) {
    if (open.adds)
        return put_late(change, at_ns, open);
    if (const auto hour = floor_to(at_ns, Span::hour); change.kept(Span::hour).contains(hour))
        stale_.emplace(Span::hour, hour);
    return change.put(Span::minute, at_ns, totals(at_ns, open));
}

EdgeMap::Written EdgeMap::gather(Disk::Change& change, Span span, std::int64_t at_ns) {
    Totals sum;
    const auto& parts = change.kept(finer(span));
    for (auto part = parts.lower_bound(at_ns);
         part != parts.end() && *part < at_ns + length_of(span); ++part)
        if (auto read = disk_->read(finer(span), *part, sum); !read)
            return read;
    return change.put(span, at_ns, sum);
}

// Hours or days that are over and not made yet.
std::set<std::int64_t> EdgeMap::over(Span span, const Kept& kept) const {
    std::set<std::int64_t> out;
    const auto& parts = kept(finer(span));
    for (auto part = parts.begin(); part != parts.end();) {
        const auto at = floor_to(*part, span);
        if (!kept(span).contains(at) && at + length_of(span) + gathered_after_ns <= now_ns_)
            out.insert(at);
        part = parts.lower_bound(at + length_of(span));
    }
    return out;
}

// Spans that are over, and those whose parts are others now.
EdgeMap::Written EdgeMap::gather(Disk::Change& change, Span span) {
    auto wanted = over(span, [&](Span each) -> const auto& { return change.kept(each); });
    for (const auto& [kind, at] : stale_)
        if (kind == span)
            wanted.insert(at);
    for (const auto at : wanted) {
        if (auto done = gather(change, span, at); !done)
            return done;
        if (const auto day = floor_to(at, Span::day);
            span == Span::hour && change.kept(Span::day).contains(day))
            stale_.emplace(Span::day, day);
    }
    return {};
}

std::uint64_t EdgeMap::through(const std::set<std::int64_t>& written) const {
    auto out = last_;
    for (const auto& [at, open] : open_)
        if (!open.written && !written.contains(at))
            out = std::min(out, open.first - 1);
    return out;
}

EdgeMap::Written EdgeMap::write(const std::set<std::int64_t>& due) {
    auto change = disk_->begin();
    if (!change)
        return std::unexpected(change.error());
    for (const auto at : due)
        if (auto done = put(**change, at, open_.at(at)); !done)
            return done;
    for (const Span span : {Span::hour, Span::day})
        if (auto done = gather(**change, span); !done)
            return done;
    if (auto done = (*change)->commit(through(due)); !done)
        return done;
    stale_.clear();
    for (const auto at : due) {
        open_.at(at).written = true;
        if (open_.at(at).adds) // what comes later is added again, by itself
            open_.erase(at);
    }
    return {};
}

void EdgeMap::forget() {
    std::erase_if(open_, [&](const auto& each) {
        const auto unwritten = [&](std::int64_t at) {
            const auto found = open_.find(at);
            return found != open_.end() && !found->second.written;
        };
        const bool needed = unwritten(each.first - minute_ns) || unwritten(each.first + minute_ns);
        return each.second.written && !needed &&
               (now_ns_ - each.first >= neighbour_for_ns || each.first > now_ns_);
    });
}

EdgeMap::Written EdgeMap::remove(Disk::Change& change, Span span, std::int64_t since_ns,
                                 std::int64_t until_ns) {
    const std::set<std::int64_t> kept = change.kept(span);
    for (auto at = kept.lower_bound(since_ns); at != kept.end() && *at < until_ns; ++at)
        if (auto done = change.remove(span, *at); !done)
            return done;
    return {};
}

// The oldest minutes first, by the hour; then the oldest hours, by the day; then days.
EdgeMap::Written EdgeMap::make_room(Disk::Change& change) {
    for (const Span span : {Span::minute, Span::hour}) {
        const auto& kept = change.kept(span);
        if (kept.empty())
            continue;
        const auto whole = floor_to(*kept.begin(), coarser(span));
        if (change.kept(coarser(span)).contains(whole))
            return remove(change, span, whole, whole + length_of(coarser(span)));
    }
    const auto& days = change.kept(Span::day);
    return days.empty() ? Written{} : change.remove(Span::day, *days.begin());
}

EdgeMap::Written EdgeMap::trim() {
    std::vector<std::pair<Span, std::int64_t>> old;
    for (const Span span : spans)
        for (const auto at : disk_->kept(span)) {
            if (keeps(span, at))
                break;
            old.emplace_back(span, at);
        }
    const bool full = disk_->bytes() > options_.max_bytes;
    if (old.empty() && !full)
        return {};
    auto change = disk_->begin();
    if (!change)
        return std::unexpected(change.error());
    for (const auto& [span, at] : old)
        if (auto done = (*change)->remove(span, at); !done)
            return done;
    if (full)
        if (auto done = make_room(**change); !done)
            return done;
    return (*change)->commit(disk_->folded_through());
}

flows::Result<void> EdgeMap::advance(std::int64_t now_ns, bool all) {
    now_ns_ = now_ns;
    const auto written = due(all);
    const auto kept = [&](Span span) -> const auto& { return disk_->kept(span); };
    const bool idle = written.empty() && stale_.empty() && over(Span::hour, kept).empty() &&
                      over(Span::day, kept).empty();
    auto done = idle ? Written{} : write(written);
    if (done)
        done = trim();
    if (!done)
        ++counters_.failed;
    forget();
    return done;
}

} // namespace ringwall::flowmap
