#include "control/flows/store.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <sqlite3.h>

#include "control/flows/database.h"
#include "control/store/connection.h"
#include "control/store/database_file.h"

namespace ringwall::flows {
namespace {

using store::Access;
using store::Blob;
using store::Connection;
using store::Query;
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
    Counters& counters() { return counters_; }

    std::vector<std::uint64_t> append(std::span<const Arrival> arrivals);
    Mark mark(std::string_view agent);
    Trimmed trim(std::int64_t now_ns);
    Page query(const Filter& filter, const PageRequest& request);
    void each(std::int64_t since_ns, std::int64_t until_ns, Ids ids, const Visit& visit);
    std::int64_t complete_since() const { return trimmed_through_ + 1; }

  private:
    void count_rows() {
        rows_ = static_cast<std::uint64_t>(connection_.integer("SELECT count(*) FROM flow"));
        last_id_ = static_cast<std::uint64_t>(
            connection_.integer("SELECT max(last_id, (SELECT ifnull(max(id), 0) FROM flow))"
                                " FROM kept"));
        trimmed_through_ = connection_.integer("SELECT trimmed_through FROM kept");
    }
    void append(const Arrival& arrival, Mark mark, std::uint64_t& last_id);
    void insert(std::uint64_t id, const Arrival& arrival, const v1::FlowSummary& summary,
                const Labels& labels);
    void check(const std::string& labels);
    std::uint64_t remove_oldest(std::int64_t before, std::uint64_t most);
    static Row row(Query& query);

    Options options_;
    store::FileLock lock_;
    Connection connection_;
    std::uint64_t rows_ = 0;
    std::uint64_t last_id_ = 0; // never given again, although its row may be gone
    std::int64_t trimmed_through_ = -1;
    Counters counters_;
    std::unordered_set<std::string> good_labels_;
    std::string serialized_;
};

std::vector<std::uint64_t> Store::Impl::append(std::span<const Arrival> arrivals) {
    Transaction transaction(connection_, Transaction::Kind::writing);
    std::uint64_t stored = 0, repeated = 0, last_id = last_id_;
    std::vector<std::uint64_t> out;
    for (const auto& arrival : arrivals) {
        const auto mark = this->mark(arrival.agent);
        const auto count = static_cast<std::uint64_t>(arrival.batch.summaries_size());
        const bool known = mark.stream == arrival.stream && arrival.batch.last() <= mark.through;
        (known ? repeated : stored) += count;
        out.push_back(known || count == 0 ? 0 : last_id + 1);
        if (!known)
            append(arrival, mark, last_id);
    }
    transaction.commit();
    last_id_ = last_id;
    rows_ += stored;
    counters_.stored += stored;
    counters_.repeated += repeated;
    return out;
}

void Store::Impl::append(const Arrival& arrival, Mark mark, std::uint64_t& last_id) {
    const auto& batch = arrival.batch;
    const auto count = static_cast<std::size_t>(batch.summaries_size());
    if (arrival.labels.size() != count || batch.last() - batch.first() + 1 < count)
        store::fail(store::Errc::invalid,
                    fmt::format("batch {} to {} of agent {}: {} summaries with {} labels",
                                batch.first(), batch.last(), arrival.agent, count,
                                arrival.labels.size()));
    for (std::size_t i = 0; i < count; ++i)
        insert(++last_id, arrival, batch.summaries(static_cast<int>(i)), arrival.labels[i]);
    connection_.run(
        "INSERT OR REPLACE INTO mark (agent, stream, through, summaries, folded, lost)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        arrival.agent, stored_as(arrival.stream), stored_as(batch.last()), mark.summaries + count,
        mark.folded + (batch.last() - batch.first() + 1 - count), mark.lost + arrival.lost);
}

void Store::Impl::insert(std::uint64_t id, const Arrival& arrival, const v1::FlowSummary& summary,
                         const Labels& labels) {
    check(labels.source);
    check(labels.destination);
    summary.SerializeToString(&serialized_);
    connection_.run("INSERT INTO flow (id, at, received, verdict, protocol, port, agent, source,"
                    " destination, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    id, time_of(summary, arrival.received_ns), arrival.received_ns,
                    static_cast<std::int64_t>(summary.verdict()), summary.protocol(),
                    summary.port(), arrival.agent, labels.source, labels.destination,
                    Blob{serialized_});
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
    const auto old = remove_oldest(now_ns - options_.max_age.count(), step);
    const auto left = rows_ - old;
    const auto excess = left > options_.max_rows ? left - options_.max_rows : 0;
    const auto over = remove_oldest(latest, std::min(excess, step - old));
    if (old + over > 0)
        connection_.run("UPDATE kept SET last_id = ?1, trimmed_through = ?2", last_id_,
                        trimmed_through_);
    transaction.commit();
    rows_ -= old + over;
    counters_.removed_by_age += old;
    counters_.removed_by_rows += over;
    return {old + over, old == step || over < excess};
}

std::uint64_t Store::Impl::remove_oldest(std::int64_t before, std::uint64_t most) {
    if (most == 0)
        return 0;
    {
        auto last = connection_.query("SELECT max(at) FROM (SELECT at FROM flow WHERE at < ?1"
                                      " ORDER BY at, id LIMIT ?2)",
                                      before, most);
        if (!last.step() || last.null(0))
            return 0;
        trimmed_through_ = std::max(trimmed_through_, last.integer(0));
    }
    connection_.run("DELETE FROM flow WHERE id IN"
                    " (SELECT id FROM flow WHERE at < ?1 ORDER BY at, id LIMIT ?2)",
                    before, most);
    return static_cast<std::uint64_t>(sqlite3_changes64(connection_.handle()));
}

Page Store::Impl::query(const Filter& filter, const PageRequest& request) {
    if (request.limit == 0 || request.limit > largest_page)
        store::fail(store::Errc::invalid,
                    fmt::format("a page has 1 to {} flows, not {}", largest_page, request.limit));
    auto place = request.after.empty() ? Cursor::newest() : Cursor::parse(request.after);
    if (place.at >= filter.until_ns)
        place = {std::max<std::int64_t>(filter.until_ns, 0) - 1, latest};
    auto rows = connection_.query(
        "SELECT id, at, agent, verdict, protocol, port, received, source, destination, summary"
        " FROM flow WHERE at BETWEEN ?1 AND ?2 AND (at < ?2 OR id < ?3)"
        " ORDER BY at DESC, id DESC LIMIT ?4",
        filter.since_ns, place.at, place.id, options_.look_step + 1);
    Page page;
    for (std::uint64_t looked = 0; rows.step(); ++looked) {
        if (looked == options_.look_step || page.rows.size() == request.limit) {
            page.next = place.text();
            break;
        }
        place = {rows.integer(1), rows.integer(0)};
        const auto agent = rows.text(2);
        const Outline outline{agent, static_cast<v1::FlowVerdict>(rows.integer(3)),
                              static_cast<std::uint32_t>(rows.integer(4)),
                              static_cast<std::uint32_t>(rows.integer(5))};
        if (!plausible(filter, outline))
            continue;
        if (auto candidate = row(rows); matches(filter, candidate))
            page.rows.push_back(std::move(candidate));
    }
    return page;
}

void Store::Impl::each(std::int64_t since_ns, std::int64_t until_ns, Ids ids, const Visit& visit) {
    // The plus signs say which index to leave alone.
    constexpr auto by_time =
        "SELECT id, at, agent, verdict, protocol, port, received, source, destination, summary"
        " FROM flow WHERE at >= ?1 AND at < ?2 AND +id >= ?3 AND +id < ?4 ORDER BY id";
    constexpr auto by_id =
        "SELECT id, at, agent, verdict, protocol, port, received, source, destination, summary"
        " FROM flow WHERE +at >= ?1 AND +at < ?2 AND id >= ?3 AND id < ?4 ORDER BY id";
    auto rows = connection_.query(ids.first > 0 ? by_id : by_time, since_ns, until_ns, ids.first,
                                  ids.below);
    while (rows.step())
        visit(row(rows));
}

Row Store::Impl::row(Query& query) {
    Row out{.id = query.number(0),
            .at_ns = query.integer(1),
            .received_ns = query.integer(6),
            .agent = query.text(2),
            .summary = {},
            .labels = {query.text(7), query.text(8)}};
    if (!out.summary.ParseFromString(query.text(9)))
        store::fail(store::Errc::corrupt, "a summary cannot be read");
    return out;
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

const Counters& Store::counters() const {
    return impl_->counters();
}

} // namespace ringwall::flows
