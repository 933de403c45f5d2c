#include "control/flowmap/disk.h"

#include <utility>

#include <fmt/format.h>

#include "control/flowmap/columns.h"
#include "control/flowmap/compact.h"
#include "control/flowmap/span_row.h"
#include "control/flows/database.h"
#include "control/store/connection.h"
#include "control/store/database_file.h"

namespace ringwall::flowmap {
namespace {

using store::Access;
using store::Blob;
using store::Connection;
using store::Transaction;
using Kept = std::array<std::set<std::int64_t>, spans.size()>;

constexpr std::int64_t application_id = 0x52574d31; // "RWM1"
constexpr std::int64_t schema_version = 1;

constexpr auto schema = R"(
CREATE TABLE side (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL, who TEXT NOT NULL,
    process TEXT NOT NULL, unit TEXT NOT NULL, container TEXT NOT NULL, user TEXT NOT NULL,
    verdict INTEGER NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE edge (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL, destination INTEGER NOT NULL,
    protocol INTEGER NOT NULL, port INTEGER NOT NULL,
    first INTEGER NOT NULL) STRICT;
CREATE TABLE span (
    id INTEGER PRIMARY KEY, -- at * 4 + span
    numbers BLOB NOT NULL) STRICT;
CREATE TABLE folded (one INTEGER PRIMARY KEY CHECK (one = 1), through INTEGER NOT NULL) STRICT;
INSERT INTO folded VALUES (1, 0);
)";

void prepare(Connection& connection) {
    const auto found = connection.integer("PRAGMA user_version");
    if (found == 0 && connection.integer("SELECT count(*) FROM sqlite_schema") == 0) {
        Transaction transaction(connection, Transaction::Kind::writing);
        connection.script(schema);
        connection.script(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                                      application_id, schema_version));
        return transaction.commit();
    }
    if (connection.integer("PRAGMA application_id") != application_id || found > schema_version)
        store::fail(store::Errc::newer,
                    fmt::format("{}: no store of the map that this Ringwall knows; name another "
                                "file, or start the version that wrote it",
                                connection.path()));
}

} // namespace

class Disk::Impl {
  public:
    Impl(std::string path, Catalog& catalog)
        : path_(std::move(path)), lock_(path_), catalog_(catalog),
          connection_((store::create_private(path_), path_), Access::write) {
        connection_.script("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=256");
        prepare(connection_);
        store::check_integrity(connection_, store::Depth::quick);
        store::sync_file(path_);
        remove_unused_edges(connection_, catalog_.most_edges() / 2);
        load_sides();
        load_edges();
        auto rows = connection_.query("SELECT id FROM span");
        while (rows.step())
            kept_[span_of_key(rows.integer(0))].insert(time_of_key(rows.integer(0)));
        folded_ = static_cast<std::uint64_t>(connection_.integer("SELECT through FROM folded"));
    }

    const std::string& path() const { return path_; }
    const Kept& kept() const { return kept_; }
    std::uint64_t folded() const { return folded_; }
    Connection& connection() { return connection_; }

    void read(Span span, std::int64_t at_ns, Totals& into) {
        auto row = connection_.query("SELECT numbers FROM span WHERE id = ?1", key_of(span, at_ns));
        if (!row.step())
            return;
        decode_span(row.text(0), at_ns, [&](EdgeId edge, const Numbers& numbers) {
            if (edge < catalog_.edges())
                into[edge] += numbers;
        });
    }

    void save_catalog() {
        for (auto id = saved_sides_; id < catalog_.sides(); ++id) {
            const Side& side = catalog_.side(static_cast<SideId>(id));
            connection_.run("INSERT INTO side VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", id,
                            static_cast<int>(side.kind), side.who, side.process, side.unit,
                            side.container, side.user, static_cast<int>(side.verdict), side.rule,
                            side.reason);
        }
        for (auto id = saved_edges_; id < catalog_.edges(); ++id) {
            const Edge& edge = catalog_.edge(static_cast<EdgeId>(id));
            connection_.run("INSERT INTO edge VALUES (?1, ?2, ?3, ?4, ?5, ?6)", id, edge.source,
                            edge.destination, edge.protocol, edge.port,
                            catalog_.first_seen_ns(static_cast<EdgeId>(id)));
        }
    }

    void committed(const Kept& kept, std::uint64_t through) {
        kept_ = kept;
        folded_ = through;
        saved_sides_ = catalog_.sides();
        saved_edges_ = catalog_.edges();
    }

  private:
    void load_sides() {
        auto rows =
            connection_.query("SELECT id, kind, who, process, unit, container, user, verdict, rule,"
                              " reason FROM side ORDER BY id");
        for (std::int64_t expected = 0; rows.step(); ++expected) {
            const auto id = catalog_.side({.kind = static_cast<Kind>(rows.integer(1) & 3),
                                           .who = rows.text(2),
                                           .process = rows.text(3),
                                           .unit = rows.text(4),
                                           .container = rows.text(5),
                                           .user = rows.text(6),
                                           .verdict = static_cast<v1::FlowVerdict>(rows.integer(7)),
                                           .rule = rows.text(8),
                                           .reason = rows.text(9)});
            if (rows.integer(0) != expected || id != expected)
                store::fail(store::Errc::corrupt, "the ends of edges are not numbered in order");
        }
        saved_sides_ = catalog_.sides();
    }

    void load_edges() {
        auto rows =
            connection_.query("SELECT id, source, destination, protocol, port, first FROM edge"
                              " ORDER BY id");
        for (std::int64_t expected = 0; rows.step(); ++expected) {
            const Edge edge{static_cast<SideId>(rows.integer(1)),
                            static_cast<SideId>(rows.integer(2)),
                            static_cast<std::uint8_t>(rows.integer(3)),
                            static_cast<std::uint16_t>(rows.integer(4))};
            if (rows.integer(0) != expected || edge.source >= catalog_.sides() ||
                edge.destination >= catalog_.sides() || catalog_.load(edge) != expected)
                store::fail(store::Errc::corrupt, "the edges are not numbered in order");
            catalog_.seen(static_cast<EdgeId>(expected), rows.integer(5));
        }
        saved_edges_ = catalog_.edges();
    }

    std::string path_;
    store::FileLock lock_;
    Catalog& catalog_;
    Connection connection_;
    Kept kept_;
    std::uint64_t folded_ = 0;
    std::size_t saved_sides_ = 0, saved_edges_ = 0;
};

class Disk::Writing final : public Disk::Change {
  public:
    explicit Writing(Impl& impl)
        : impl_(impl), transaction_(impl.connection(), Transaction::Kind::writing),
          kept_(impl.kept()) {}

    const std::set<std::int64_t>& kept(Span span) const override {
        return kept_[static_cast<std::size_t>(span)];
    }

    flows::Result<void> put(Span span, std::int64_t at_ns, const Totals& totals) override {
        return flows::guarded(impl_.path(), [&] {
            impl_.connection().run("INSERT OR REPLACE INTO span VALUES (?1, ?2)",
                                   key_of(span, at_ns), Blob{encode(totals, at_ns)});
            kept_[static_cast<std::size_t>(span)].insert(at_ns);
        });
    }

    flows::Result<void> remove(Span span, std::int64_t at_ns) override {
        return flows::guarded(impl_.path(), [&] {
            impl_.connection().run("DELETE FROM span WHERE id = ?1", key_of(span, at_ns));
            kept_[static_cast<std::size_t>(span)].erase(at_ns);
        });
    }

    flows::Result<void> commit(std::uint64_t folded_through) override {
        return flows::guarded(impl_.path(), [&] {
            impl_.save_catalog();
            impl_.connection().run("UPDATE folded SET through = ?1", folded_through);
            transaction_.commit();
            impl_.committed(kept_, folded_through);
        });
    }

  private:
    Impl& impl_;
    Transaction transaction_;
    Kept kept_;
};

Disk::Disk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Disk::~Disk() = default;

flows::Result<std::unique_ptr<Disk>> Disk::open(const std::string& path, Catalog& catalog) {
    return flows::guarded(path, [&] {
        return std::unique_ptr<Disk>(new Disk(std::make_unique<Impl>(path, catalog)));
    });
}

const std::set<std::int64_t>& Disk::kept(Span span) const {
    return impl_->kept()[static_cast<std::size_t>(span)];
}

flows::Result<void> Disk::read(Span span, std::int64_t at_ns, Totals& into) const {
    return flows::guarded(impl_->path(), [&] { impl_->read(span, at_ns, into); });
}

flows::Result<std::unique_ptr<Disk::Change>> Disk::begin() {
    return flows::guarded(impl_->path(), [&]() -> std::unique_ptr<Change> {
        return std::make_unique<Writing>(*impl_);
    });
}

std::uint64_t Disk::folded_through() const {
    return impl_->folded();
}

std::uint64_t Disk::bytes() const {
    const auto used = flows::guarded(impl_->path(), [&] {
        auto& connection = impl_->connection();
        return (connection.integer("PRAGMA page_count") -
                connection.integer("PRAGMA freelist_count")) *
               connection.integer("PRAGMA page_size");
    });
    return used ? static_cast<std::uint64_t>(*used) : 0;
}

} // namespace ringwall::flowmap
