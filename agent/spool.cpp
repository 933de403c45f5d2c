#include "agent/spool.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "agent/spool_segment.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view segment_suffix = ".flows", temporary_suffix = ".new";
// Segments that are looked at to make room: reading all of them each time would cost too much.
constexpr std::ptrdiff_t most_tried = 8;

std::uint64_t summaries(const v1::FlowBatch& batch) {
    return static_cast<std::uint64_t>(batch.summaries_size());
}

std::expected<void, SpoolError> write_segment(const std::string& path, const v1::FlowBatch& batch) {
    auto segment = Segment::open(path);
    if (!segment)
        return std::unexpected(segment.error());
    if (auto appended = segment->append(batch, encode_record(batch)); !appended)
        return appended;
    return segment->sync();
}

} // namespace

class Spool::Directory {
  public:
    Directory(SpoolOptions options, Fold fold, Mark mark)
        : options_(std::move(options)), fold_(std::move(fold)), mark_(std::move(mark)) {
        options_.segment_bytes = std::min(options_.segment_bytes, options_.max_bytes / 4);
    }

    std::expected<void, SpoolError> load();
    std::expected<void, SpoolError> append(v1::FlowBatch batch);
    std::expected<std::optional<v1::FlowBatch>, SpoolError> read(std::uint64_t after);
    std::expected<void, SpoolError> acknowledge(std::uint64_t through);
    SpoolStats stats() const;
    const MarkValues& mark() const { return mark_.values(); }

  private:
    using Segments = std::deque<Segment>;

    std::expected<void, SpoolError> load_segment(const std::string& path);
    std::expected<void, SpoolError> keep(const v1::FlowBatch& batch);
    std::expected<void, SpoolError> open_segment(std::uint64_t first);
    std::expected<void, SpoolError> remove(Segments::iterator segment);
    void skip_acknowledged(Segment& segment) const;

    Segments::iterator first_foldable();
    bool shrink();
    bool fold(Segments::iterator begin, Segments::iterator end);
    std::optional<v1::FlowBatch> folded(Segments::const_iterator begin,
                                        Segments::const_iterator end) const;
    std::expected<Segment, SpoolError> rewrite(const std::string& path,
                                               const v1::FlowBatch& batch) const;
    std::uint64_t bytes() const;
    std::string path_of(std::uint64_t first) const {
        return fmt::format("{}/{:016x}{}", options_.directory, first, segment_suffix);
    }

    SpoolOptions options_;
    Fold fold_;
    Mark mark_;
    Segments segments_; // oldest first; the last one is written to
    std::uint64_t next_ = 1;
    std::uint64_t failed_appends_ = 0;
};

std::expected<void, SpoolError> Spool::Directory::load() {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(options_.directory, error)) {
        const auto path = entry.path().string();
        if (path.ends_with(temporary_suffix))
            unlink(path.c_str());
        else if (path.ends_with(segment_suffix))
            paths.push_back(path);
    }
    if (error)
        return fail(SpoolErrc::io,
                    fmt::format("flow spool {}: {}", options_.directory, error.message()));
    std::ranges::sort(paths);
    next_ = std::max(mark().next, mark().acknowledged + 1);
    for (const auto& path : paths)
        if (auto loaded = load_segment(path); !loaded)
            return loaded;
    return {};
}

// A segment that another one covers is what was left when two were folded into one.
std::expected<void, SpoolError> Spool::Directory::load_segment(const std::string& path) {
    auto segment = Segment::open(path);
    if (!segment)
        return std::unexpected(segment.error());
    const auto covered = segments_.empty() ? 0 : segments_.back().records().back().last;
    skip_acknowledged(*segment);
    auto& records = segment->records();
    while (!records.empty() && records.front().first <= covered)
        records.pop_front();
    if (records.empty()) {
        unlink(path.c_str());
        return {};
    }
    next_ = std::max(next_, records.back().last + 1);
    segments_.push_back(std::move(*segment));
    return {};
}

void Spool::Directory::skip_acknowledged(Segment& segment) const {
    auto& records = segment.records();
    while (!records.empty() && records.front().last <= mark().acknowledged)
        records.pop_front();
}

std::uint64_t Spool::Directory::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& segment : segments_)
        sum += segment.size();
    return sum;
}

std::expected<void, SpoolError> Spool::Directory::append(v1::FlowBatch batch) {
    if (batch.summaries_size() == 0)
        return {};
    batch.set_first(next_);
    batch.set_last(next_ + summaries(batch) - 1);
    next_ = batch.last() + 1;
    auto kept = keep(batch);
    if (!kept) {
        ++failed_appends_;
        auto values = mark();
        values.next = next_;
        // Where even this fails the loss is known until the agent ends.
        (void)mark_.write(values);
    }
    return kept;
}

std::expected<void, SpoolError> Spool::Directory::keep(const v1::FlowBatch& batch) {
    const auto record = encode_record(batch);
    if (record.size() > options_.segment_bytes)
        return fail(SpoolErrc::too_large,
                    fmt::format("flow spool: a batch of {} bytes is over the limit of {}; make "
                                "batches smaller",
                                record.size(), options_.segment_bytes));
    while (bytes() + record.size() > options_.max_bytes)
        if (!shrink())
            return fail(SpoolErrc::full,
                        fmt::format("flow spool {}: full ({} bytes), and the oldest batches are on "
                                    "their way to the controller; {} summaries are lost",
                                    options_.directory, bytes(), batch.summaries_size()));
    if (segments_.empty() || segments_.back().size() + record.size() > options_.segment_bytes)
        if (auto opened = open_segment(batch.first()); !opened)
            return opened;
    if (auto appended = segments_.back().append(batch, record); !appended) {
        if (segments_.back().records().empty())
            (void)remove(std::prev(segments_.end()));
        return appended;
    }
    return options_.sync_appends ? segments_.back().sync() : std::expected<void, SpoolError>{};
}

std::expected<void, SpoolError> Spool::Directory::open_segment(std::uint64_t first) {
    if (!segments_.empty())
        if (auto synced = segments_.back().sync(); !synced)
            return synced;
    auto segment = Segment::open(path_of(first));
    if (!segment)
        return std::unexpected(segment.error());
    segments_.push_back(std::move(*segment));
    return sync_directory(options_.directory);
}

std::expected<void, SpoolError> Spool::Directory::remove(Segments::iterator segment) {
    const auto path = segment->path();
    segments_.erase(segment);
    if (unlink(path.c_str()) < 0)
        return spool_failure(path, "cannot be removed");
    return {};
}

std::expected<std::optional<v1::FlowBatch>, SpoolError>
Spool::Directory::read(std::uint64_t after) {
    for (auto& segment : segments_) {
        auto& records = segment.records();
        auto it = std::ranges::upper_bound(records, after, {}, &RecordPlace::last);
        while (it != records.end()) {
            auto batch = segment.read(*it);
            if (!batch)
                return batch;
            if (!*batch) { // damaged on the disk: from now on it is a gap
                it = records.erase(it);
                continue;
            }
            if (auto synced = segment.sync(); !synced)
                return std::unexpected(synced.error());
            return batch;
        }
    }
    return std::nullopt;
}

std::expected<void, SpoolError> Spool::Directory::acknowledge(std::uint64_t through) {
    auto values = mark();
    if (through <= values.acknowledged)
        return {};
    auto limit = through;
    for (const auto& segment : segments_)
        for (const auto& record : segment.records()) {
            if (record.last > through) {
                limit = std::min(limit, record.first - 1);
                continue;
            }
            values.delivered += record.count;
            values.folded += record.span() - record.count;
            values.lost += record.first - 1 - values.acknowledged;
            values.acknowledged = record.last;
        }
    const auto known = std::min(limit, next_ - 1);
    if (known > values.acknowledged)
        values.lost += known - values.acknowledged;
    values.acknowledged = std::max(values.acknowledged, limit);
    next_ = values.next = std::max(next_, values.acknowledged + 1);
    if (auto written = mark_.write(values); !written)
        return written;
    for (auto& segment : segments_)
        skip_acknowledged(segment);
    while (!segments_.empty() && segments_.front().records().empty())
        if (auto removed = remove(segments_.begin()); !removed)
            return removed;
    return {};
}

// Behind what may be on its way; the last segment is still being written.
Spool::Directory::Segments::iterator Spool::Directory::first_foldable() {
    std::size_t older = 0;
    auto it = segments_.begin();
    while (it != segments_.end() && older < options_.in_flight)
        older += it++->records().size();
    return it;
}

bool Spool::Directory::shrink() {
    const auto begin = first_foldable();
    if (begin == segments_.end() || std::next(begin) == segments_.end())
        return false;
    const auto closed = std::distance(begin, segments_.end()) - 1;
    const auto end = begin + std::min(closed, most_tried);
    for (auto it = begin; it != end; ++it)
        if (it->records().size() > 1 && fold(it, std::next(it)))
            return true;
    for (auto it = begin; std::next(it) != end; ++it)
        if (fold(it, std::next(it, 2)))
            return true;
    return remove(begin).has_value();
}

std::optional<v1::FlowBatch> Spool::Directory::folded(Segments::const_iterator begin,
                                                      Segments::const_iterator end) const {
    std::optional<v1::FlowBatch> all;
    for (auto segment = begin; segment != end; ++segment)
        for (const auto& place : segment->records()) {
            auto batch = segment->read(place);
            if (!batch || !*batch)
                return std::nullopt;
            if (!all) {
                all = std::move(**batch);
                continue;
            }
            auto both = fold_(*all, **batch);
            // A gap between them would be taken for folded.
            if (summaries(both) > summaries(*all) + summaries(**batch) ||
                place.first != all->last() + 1)
                return std::nullopt;
            both.set_first(all->first());
            both.set_last(place.last);
            all = std::move(both);
        }
    return all;
}

// Replaces the segments by one that is smaller; false: that cannot be done, and nothing changed.
bool Spool::Directory::fold(Segments::iterator begin, Segments::iterator end) {
    std::uint64_t before = 0;
    for (auto it = begin; it != end; ++it)
        before += it->size();
    const auto batch = folded(begin, end);
    if (!batch)
        return false;
    const auto length = encode_record(*batch).size();
    if (length >= before || length > options_.segment_bytes)
        return false;
    auto segment = rewrite(begin->path(), *batch);
    if (!segment)
        return false;
    std::vector<std::string> rest;
    for (auto it = std::next(begin); it != end; ++it)
        rest.push_back(it->path());
    *begin = std::move(*segment);
    segments_.erase(std::next(begin), end);
    for (const auto& path : rest)
        unlink(path.c_str());
    return true;
}

std::expected<Segment, SpoolError> Spool::Directory::rewrite(const std::string& path,
                                                             const v1::FlowBatch& batch) const {
    const auto temporary = path + std::string(temporary_suffix);
    auto written = write_segment(temporary, batch);
    if (written && rename(temporary.c_str(), path.c_str()) < 0)
        written = spool_failure(path, "cannot be replaced");
    if (written)
        written = sync_directory(options_.directory);
    if (!written) {
        unlink(temporary.c_str());
        return std::unexpected(written.error());
    }
    return Segment::open(path);
}

SpoolStats Spool::Directory::stats() const {
    const auto& past = mark();
    const auto ahead = next_ - 1 - past.acknowledged;
    SpoolStats out{past.delivered + past.folded + past.lost + ahead,
                   past.delivered,
                   past.folded,
                   past.lost + ahead,
                   0,
                   bytes(),
                   failed_appends_};
    for (const auto& segment : segments_)
        for (const auto& record : segment.records()) {
            out.held += record.count;
            out.folded += record.span() - record.count;
            out.lost -= record.span();
        }
    return out;
}

Spool::Spool(std::unique_ptr<Directory> directory) : directory_(std::move(directory)) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

std::expected<Spool, SpoolError> Spool::open(SpoolOptions options, std::uint64_t fresh_stream,
                                             Fold fold) {
    std::error_code error;
    if (fs::create_directories(options.directory, error))
        fs::permissions(options.directory, fs::perms::owner_all, error);
    if (error)
        return fail(SpoolErrc::io, fmt::format("flow spool {}: cannot be made: {}",
                                               options.directory, error.message()));
    auto mark = Mark::open(options.directory + "/mark", fresh_stream);
    if (!mark)
        return std::unexpected(mark.error());
    auto directory =
        std::make_unique<Directory>(std::move(options), std::move(fold), std::move(*mark));
    if (auto loaded = directory->load(); !loaded)
        return std::unexpected(loaded.error());
    return Spool(std::move(directory));
}

std::expected<void, SpoolError> Spool::append(v1::FlowBatch batch) {
    return directory_->append(std::move(batch));
}
std::expected<std::optional<v1::FlowBatch>, SpoolError> Spool::read(std::uint64_t after) {
    return directory_->read(after);
}
std::expected<void, SpoolError> Spool::acknowledge(std::uint64_t through) {
    return directory_->acknowledge(through);
}
std::uint64_t Spool::stream() const {
    return directory_->mark().stream;
}
std::uint64_t Spool::acknowledged() const {
    return directory_->mark().acknowledged;
}
SpoolStats Spool::stats() const {
    return directory_->stats();
}

} // namespace ringwall::agent
