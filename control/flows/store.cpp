#include "control/flows/store.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <sqlite3.h>

#include "control/flows/chunk.h"
#include "control/flows/database.h"
#include "control/flows/descent.h"
#include "control/store/connection.h"
#include "control/store/database_file.h"

namespace ringwall::flows {
namespace {

using store::Access;
using store::Connection;
using store::Transaction;

constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t largest_page = 1000;
constexpr std::size_t remembered_labels = 50'000; // distinct texts

std::int64_t stored_as(std::uint64_t number) { // SQLite's integers have a sign
    return static_cast<std::int64_t>(number);
}

} // namespace

class Store::Impl {
  public:
    explicit Impl(Options options)
        : options_(std::move(options)), lock_(options_.path),
          connection_((store::create_private(options_.path), options_.path), Access::write) {
        connection_.script("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=256; " // 1 MiB
                           "PRAGMA cache_size=-32768"); // 32 MiB: 1.5 times as many rows a second
        prepare_schema(connection_);
        store::check_integrity(connection_, store::Depth::quick);
        store::sync_file(options_.path);
        count_rows();
    }

    const std::string& path() const { return options_.path; }
    std::uint64_t rows() const { return rows_; }
    std::uint64_t last_id() const { return last_id_; }
    Counters& counters() { return counters_; }

    std::vector<std::uint64_t> append(std::span<const Arrival> arrivals);
    Mark mark(std::string_view agent);
    Trimmed trim(std::int64_t now_ns);
    Page query(const Filter& filter, const PageRequest& request);
    void each(std::int64_t since_ns, std::int64_t until_ns, Ids ids, const Visit& visit);
    std::int64_t complete_since() const { return trimmed_through_ + 1; }

  private:
    void count_rows() {
        rows_ = static_cast<std::uint64_t>(
            connection_.integer("SELECT ifnull(sum(count), 0) FROM chunk"));
        last_id_ = static_cast<std::uint64_t>(connection_.integer(
            "SELECT max(last_id, (SELECT ifnull(max(first + count - 1), 0) FROM chunk)) FROM kept"));
        trimmed_through_ = connection_.integer("SELECT trimmed_through FROM kept");
    }
    class Appending;
    void check(const std::string& labels);
    struct Removed {
        std::uint64_t rows = 0;
        std::int64_t through = -1; // the newest of them
    };
    Removed remove_oldest(std::int64_t before, std::uint64_t most, std::uint64_t step);

    Options options_;
    store::FileLock lock_;
    Connection connection_;
    std::uint64_t rows_ = 0;
    std::uint64_t last_id_ = 0; // never given again, although its row may be gone
    std::int64_t trimmed_through_ = -1;
    Counters counters_;
    std::unordered_set<std::string> good_labels_;
};

// One append() on its way into chunks.
class Store::Impl::Appending {
  public:
    explicit Appending(Impl& store) : store_(store), chunk_(store.last_id_ + 1) {}

    void add(const Arrival& arrival, Mark mark);
    void write();
    std::uint64_t next_id() const { return chunk_.head().first + chunk_.head().count; }

  private:
    Impl& store_;
    ChunkWriter chunk_;
};

void Store::Impl::Appending::add(const Arrival& arrival, Mark mark) {
    const auto& batch = arrival.batch;
    const auto count = static_cast<std::size_t>(batch.summaries_size());
    if (arrival.labels.size() != count || batch.last() - batch.first() + 1 < count)
        store::fail(store::Errc::invalid,
                    fmt::format("batch {} to {} of agent {}: {} summaries with {} labels",
                                batch.first(), batch.last(), arrival.agent, count,
                                arrival.labels.size()));
    for (std::size_t i = 0; i < count; ++i) {
        if (chunk_.head().count == largest_chunk)
            write();
        if (i == 0 || chunk_.head().count == 0)
            chunk_.begin_part(arrival.agent, arrival.received_ns);
        store_.check(arrival.labels[i].source);
        store_.check(arrival.labels[i].destination);
        chunk_.add(batch.summaries(static_cast<int>(i)), arrival.labels[i]);
    }
    store_.connection_.run(
        "INSERT OR REPLACE INTO mark (agent, stream, through, summaries, folded, lost)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        arrival.agent, stored_as(arrival.stream), stored_as(batch.last()), mark.summaries + count,
        mark.folded + (batch.last() - batch.first() + 1 - count), mark.lost + arrival.lost);
}

void Store::Impl::Appending::write() {
    const auto next = next_id();
    if (chunk_.head().count > 0)
        insert_chunk(store_.connection_, chunk_);
    chunk_ = ChunkWriter(next);
}

std::vector<std::uint64_t> Store::Impl::append(std::span<const Arrival> arrivals) {
    Transaction transaction(connection_, Transaction::Kind::writing);
    Appending appending(*this);
    std::uint64_t stored = 0, repeated = 0;
    std::vector<std::uint64_t> out;
    for (const auto& arrival : arrivals) {
        const auto mark = this->mark(arrival.agent);
        const auto count = static_cast<std::uint64_t>(arrival.batch.summaries_size());
        const bool known = mark.stream == arrival.stream && arrival.batch.last() <= mark.through;
        (known ? repeated : stored) += count;
        out.push_back(known || count == 0 ? 0 : appending.next_id());
        if (!known)
            appending.add(arrival, mark);
    }
    appending.write();
    transaction.commit();
    last_id_ += stored;
    rows_ += stored;
    counters_.stored += stored;
    counters_.repeated += repeated;
    return out;
}

// A query reads them as JSON; the same few texts come again and again.
void Store::Impl::check(const std::string& labels) {
    if (good_labels_.contains(labels))
        return;
    boost::system::error_code error;
    const auto value = boost::json::parse(labels, error);
    if (error || !value.is_object())
        store::fail(store::Errc::invalid, "labels of a flow are no JSON object: " + labels);
    if (good_labels_.size() >= remembered_labels)
        good_labels_.clear();
    good_labels_.insert(labels);
}

Mark Store::Impl::mark(std::string_view agent) {
    auto row = connection_.query("SELECT stream, through, summaries, folded, lost FROM mark"
                                 " WHERE agent = ?1",
                                 agent);
    if (!row.step())
        return {};
    return {row.number(0), row.number(1), row.number(2), row.number(3), row.number(4)};
}

Trimmed Store::Impl::trim(std::int64_t now_ns) {
    const auto step = std::max<std::uint64_t>(options_.trim_step, 1);
    Transaction transaction(connection_, Transaction::Kind::writing);
    const auto old = remove_oldest(now_ns - options_.max_age.count(), rows_, step);
    const auto left = rows_ - old.rows;
    const auto excess = left > options_.max_rows ? left - options_.max_rows : 0;
    const auto over = remove_oldest(latest, excess, step - std::min(step, old.rows));
    const auto through = std::max({trimmed_through_, old.through, over.through});
    const auto removed = old.rows + over.rows;
    if (removed > 0)
        connection_.run("UPDATE kept SET last_id = ?1, trimmed_through = ?2", last_id_, through);
    transaction.commit();
    trimmed_through_ = through;
    rows_ -= removed;
    counters_.removed_by_age += old.rows;
    counters_.removed_by_rows += over.rows;
    return {removed, removed >= step};
}

// Whole chunks that have only rows from before that time, `most` rows at most; no more once `step`
// is reached.
Store::Impl::Removed Store::Impl::remove_oldest(std::int64_t before, std::uint64_t most,
                                                std::uint64_t step) {
    std::vector<std::uint64_t> chunks;
    Removed out;
    if (step > 0) {
        auto oldest = connection_.query("SELECT first, count, newest FROM chunk WHERE newest < ?1"
                                        " ORDER BY newest, first",
                                        before);
        while (out.rows < step && oldest.step() && out.rows + oldest.number(1) <= most) {
            chunks.push_back(oldest.number(0));
            out.rows += oldest.number(1);
            out.through = oldest.integer(2);
        }
    }
    for (const auto first : chunks)
        connection_.run("DELETE FROM chunk WHERE first = ?1", first);
    return out;
}

Page Store::Impl::query(const Filter& filter, const PageRequest& request) {
    if (request.limit == 0 || request.limit > largest_page)
        store::fail(store::Errc::invalid,
                    fmt::format("a page has 1 to {} flows, not {}", largest_page, request.limit));
    auto place = request.after.empty() ? Cursor::newest() : Cursor::parse(request.after);
    if (place.at >= filter.until_ns)
        place = {std::max<std::int64_t>(filter.until_ns, 0) - 1, latest};
    Page page;
    Descent rows(connection_, filter.since_ns, place);
    for (std::uint64_t looked = 0; rows.next(); ++looked) {
        if (looked == options_.look_step || page.rows.size() == request.limit) {
            page.next = place.text();
            break;
        }
        place = rows.place();
        if (!plausible(filter, rows.outline()))
            continue;
        if (auto candidate = rows.row(); matches(filter, candidate))
            page.rows.push_back(std::move(candidate));
    }
    return page;
}

void Store::Impl::each(std::int64_t since_ns, std::int64_t until_ns, Ids ids, const Visit& visit) {
    // The plus signs say which index to leave alone.
    constexpr auto by_time =
        "SELECT first, count, oldest, newest, body FROM chunk"
        " WHERE newest >= ?1 AND oldest < ?2 AND +first > ?3 AND +first < ?4 ORDER BY +first";
    constexpr auto by_id =
        "SELECT first, count, oldest, newest, body FROM chunk"
        " WHERE +newest >= ?1 AND +oldest < ?2 AND first > ?3 AND first < ?4 ORDER BY first";
    const auto reaching = ids.first > largest_chunk ? ids.first - largest_chunk : 0;
    auto chunks =
        connection_.query(reaching > 0 ? by_id : by_time, since_ns, until_ns, reaching, ids.below);
    while (chunks.step()) {
        const auto chunk = read_chunk(chunks);
        for (std::size_t i = 0; i < chunk->size(); ++i)
            if (chunk->at_ns(i) >= since_ns && chunk->at_ns(i) < until_ns &&
                chunk->id(i) >= ids.first && chunk->id(i) < ids.below)
                visit(row_of(*chunk, i));
    }
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(Options options) {
    const auto path = options.path;
    return guarded(path, [&] {
        return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(std::move(options))));
    });
}

Result<std::vector<std::uint64_t>> Store::append(std::span<const Arrival> arrivals) {
    auto done = guarded(impl_->path(), [&] { return impl_->append(arrivals); });
    if (!done)
        ++impl_->counters().failed;
    return done;
}

Result<Mark> Store::mark(std::string_view agent) const {
    return guarded(impl_->path(), [&] { return impl_->mark(agent); });
}

Result<Trimmed> Store::trim(std::int64_t now_ns) {
    return guarded(impl_->path(), [&] { return impl_->trim(now_ns); });
}

Result<Page> Store::query(const Filter& filter, const PageRequest& request) const {
    return guarded(impl_->path(), [&] { return impl_->query(filter, request); });
}

Result<void> Store::each(std::int64_t since_ns, std::int64_t until_ns, Ids ids,
                         const Visit& visit) const {
    return guarded(impl_->path(), [&] { impl_->each(since_ns, until_ns, ids, visit); });
}

std::int64_t Store::complete_since_ns() const {
    return impl_->complete_since();
}

std::uint64_t Store::rows() const {
    return impl_->rows();
}

std::uint64_t Store::last_id() const {
    return impl_->last_id();
}

const Counters& Store::counters() const {
    return impl_->counters();
}

} // namespace ringwall::flows
