#include "control/flowmap/edge_map.h"

#include <algorithm>

namespace ringwall::flowmap {

EdgeMap::EdgeMap(MapOptions options, const Past& past)
    : options_(std::move(options)), past_(past),
      catalog_(std::make_unique<Catalog>(options_.most_edges)) {
    options_.hours_for = std::min(options_.hours_for, options_.days_for);
    options_.minutes_for = std::min(options_.minutes_for, options_.hours_for);
}

flows::Result<std::unique_ptr<EdgeMap>> EdgeMap::open(MapOptions options, const Past& past) {
    std::unique_ptr<EdgeMap> out(new EdgeMap(std::move(options), past));
    auto disk = Disk::open(out->options_.path, *out->catalog_);
    if (!disk)
        return std::unexpected(disk.error());
    out->disk_ = std::move(*disk);
    out->last_ = out->disk_->folded_through();
    auto taken =
        past.behind(out->disk_->folded_through(), [&](const flows::Row& row) { out->take(row); });
    if (!taken)
        return std::unexpected(taken.error());
    return out;
}

void EdgeMap::take(const flows::Row& row) {
    ++counters_.taken;
    last_ = row.id;
    now_ns_ = std::max(now_ns_, row.received_ns);
    const auto at = floor_to(row.at_ns, Span::minute);
    Open& open = minute_of(at, row.id);
    counters_.added_late += open.adds ? 1 : 0;
    if (open.adds) {
        change(open, row.id);
    } else {
        // What the neighbours are folded to may differ now, too.
        for (const auto near : {at - minute_ns, at, at + minute_ns}) {
            reopen_beside(near, row.id);
            disturb(near, row.id);
        }
    }
    open.taken_ns = row.received_ns;
    open.minute.take(row, *catalog_);
}

void EdgeMap::change(Open& open, std::uint64_t row) {
    if (open.first == 0 || open.written)
        open.first = row;
    open.written = false;
    open.folded = false;
}

// A minute that is folded anew needs its neighbours.
void EdgeMap::disturb(std::int64_t at_ns, std::uint64_t row) {
    const auto found = open_.find(at_ns);
    if (found == open_.end() || found->second.adds)
        return;
    if (found->second.written || found->second.first == 0) {
        reopen_beside(at_ns - minute_ns, row);
        reopen_beside(at_ns + minute_ns, row);
    }
    change(found->second, row);
}

EdgeMap::Open& EdgeMap::minute_of(std::int64_t at_ns, std::uint64_t row) {
    if (const auto found = open_.find(at_ns); found != open_.end())
        return found->second;
    Open& open = open_[at_ns];
    open.adds = disk_->kept(Span::minute).contains(at_ns) ? !reopen(open, at_ns, row)
                                                          : !keeps(Span::minute, at_ns);
    return open;
}

void EdgeMap::reopen_beside(std::int64_t at_ns, std::uint64_t row) {
    if (open_.contains(at_ns) || !disk_->kept(Span::minute).contains(at_ns))
        return;
    Open open;
    open.written = true;
    if (reopen(open, at_ns, row))
        open_.emplace(at_ns, std::move(open));
}

// Is everything there that the written minute was folded from?
bool EdgeMap::reopen(Open& open, std::int64_t at_ns, std::uint64_t below) {
    if (past_.complete_since_ns() > at_ns)
        return false;
    const auto taken = past_.between(at_ns, at_ns + minute_ns, below, [&](const flows::Row& row) {
        open.minute.take(row, *catalog_);
    });
    if (!taken)
        open.minute = {};
    counters_.reopened += taken ? 1 : 0;
    return taken.has_value();
}

const Minute* EdgeMap::minute_at(std::int64_t at_ns) const {
    const auto found = open_.find(at_ns);
    return found == open_.end() || found->second.adds ? nullptr : &found->second.minute;
}

const Totals& EdgeMap::totals(std::int64_t at_ns, const Open& open) const {
    if (!open.folded) {
        const bool alone = open.adds;
        open.totals = open.minute.fold(alone ? nullptr : minute_at(at_ns - minute_ns),
                                       alone ? nullptr : minute_at(at_ns + minute_ns), *catalog_);
        open.folded = true;
    }
    return open.totals;
}

} // namespace ringwall::flowmap
