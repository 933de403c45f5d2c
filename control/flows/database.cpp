#include "control/flows/database.h"

#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "control/flows/chunk.h"

namespace ringwall::flows {
namespace {

constexpr std::int64_t application_id = 0x52574631; // "RWF1"
constexpr std::int64_t schema_version = 3;

// body: rows that came together, see chunk.proto; the columns beside it are what is looked for.
constexpr auto chunk_table = R"(
CREATE TABLE chunk (
    first INTEGER PRIMARY KEY, -- id of its first row; the others follow
    count INTEGER NOT NULL,
    oldest INTEGER NOT NULL, newest INTEGER NOT NULL, -- time of its rows
    body BLOB NOT NULL) STRICT;
CREATE INDEX chunk_time ON chunk (newest, oldest, count);
)";

constexpr auto marks = R"(
CREATE TABLE mark (
    agent TEXT PRIMARY KEY,
    stream INTEGER NOT NULL, through INTEGER NOT NULL,
    summaries INTEGER NOT NULL, folded INTEGER NOT NULL, lost INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
)";

// Since version 2: ids are given once, and it is known what was removed.
constexpr auto kept = R"(
CREATE TABLE kept (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_id INTEGER NOT NULL, trimmed_through INTEGER NOT NULL) STRICT;
)";

Errc errc_of(store::Errc code) {
    switch (code) {
    case store::Errc::invalid:
        return Errc::invalid;
    case store::Errc::in_use:
        return Errc::in_use;
    case store::Errc::newer:
        return Errc::newer;
    case store::Errc::corrupt:
        return Errc::corrupt;
    case store::Errc::full:
        return Errc::full;
    default:
        return Errc::io;
    }
}

// Nobody knows what version 1 removed: all before its oldest row.
void note_what_is_kept(store::Connection& connection) {
    connection.script(kept);
    connection.script(
        "INSERT INTO kept SELECT 1, ifnull(max(id), 0), ifnull(min(at), 0) FROM flow");
}

// Before version 3 each row stood for itself.
void rows_to_chunks(store::Connection& connection) {
    connection.script(chunk_table);
    std::optional<ChunkWriter> chunk;
    std::uint64_t next = 0;
    std::pair<std::string, std::int64_t> part;
    const auto write = [&] {
        if (chunk)
            insert_chunk(connection, *chunk);
        chunk.reset();
    };
    {
        auto rows = connection.query(
            "SELECT id, agent, received, source, destination, summary FROM flow ORDER BY id");
        while (rows.step()) {
            const auto id = rows.number(0);
            if (id != next || (chunk && chunk->head().count == largest_chunk))
                write();
            const bool fresh = !chunk;
            if (fresh)
                chunk.emplace(id);
            if (std::pair now(rows.text(1), rows.integer(2)); fresh || now != part) {
                part = std::move(now);
                chunk->begin_part(part.first, part.second);
            }
            v1::FlowSummary summary;
            if (!summary.ParseFromString(rows.text(5)))
                store::fail(store::Errc::corrupt, "a summary cannot be read");
            chunk->add(summary, {rows.text(3), rows.text(4)});
            next = id + 1;
        }
    }
    write();
    connection.script("DROP TABLE flow");
}

} // namespace

Error from(const store::Error& error, const std::string& path) {
    if (error.code != store::Errc::corrupt)
        return {errc_of(error.code), error.message};
    return {Errc::corrupt,
            fmt::format("{}: the store of flow summaries is damaged; stop the controller and move "
                        "the file away: a new one is made, only flow history is lost",
                        path)};
}

void prepare_schema(store::Connection& connection) {
    const auto found = connection.integer("PRAGMA user_version");
    if (found == 0 && connection.integer("SELECT count(*) FROM sqlite_schema") == 0) {
        store::Transaction transaction(connection, store::Transaction::Kind::writing);
        connection.script(chunk_table);
        connection.script(marks);
        connection.script(kept);
        connection.script("INSERT INTO kept VALUES (1, 0, -1)");
        connection.script(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                                      application_id, schema_version));
        return transaction.commit();
    }
    if (connection.integer("PRAGMA application_id") != application_id || found > schema_version)
        store::fail(store::Errc::newer,
                    fmt::format("{}: no store of flow summaries that this Ringwall knows; name "
                                "another file, or start the version that wrote it",
                                connection.path()));
    if (found < schema_version) {
        store::Transaction transaction(connection, store::Transaction::Kind::writing);
        if (found < 2)
            note_what_is_kept(connection);
        rows_to_chunks(connection);
        connection.script(fmt::format("PRAGMA user_version={}", schema_version));
        transaction.commit();
    }
}

void insert_chunk(store::Connection& connection, ChunkWriter& chunk) {
    const auto head = chunk.head();
    connection.run("INSERT INTO chunk (first, count, oldest, newest, body)"
                   " VALUES (?1, ?2, ?3, ?4, ?5)",
                   head.first, head.count, head.oldest, head.newest, store::Blob{chunk.finish()});
}

Cursor Cursor::newest() {
    constexpr auto latest = std::numeric_limits<std::int64_t>::max();
    return {latest, latest};
}

Cursor Cursor::parse(const std::string& text) {
    auto out = newest();
    const auto* end = text.data() + text.size();
    const auto at = std::from_chars(text.data(), end, out.at);
    const bool dot = at.ec == std::errc() && at.ptr != end && *at.ptr == '.';
    const auto id = dot ? std::from_chars(at.ptr + 1, end, out.id) : at;
    if (!dot || id.ec != std::errc() || id.ptr != end)
        store::fail(store::Errc::invalid,
                    fmt::format("'{}' is no place to go on from; use what the page before gave as "
                                "next",
                                text));
    return out;
}

std::string Cursor::text() const {
    return fmt::format("{}.{}", at, id);
}

} // namespace ringwall::flows
