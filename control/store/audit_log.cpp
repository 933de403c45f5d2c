#include "control/store/audit_log.h"

#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/store/paging.h"

namespace ringwall::store {
namespace {

namespace json = boost::json;

json::value digest_or_null(const std::optional<Digest>& digest) {
    return digest ? json::value(hex(*digest)) : json::value(nullptr);
}

std::optional<Digest> digest_of(const std::optional<std::string>& text) {
    return text ? std::optional(sha256(*text)) : std::nullopt;
}

Digest chained(const Digest& previous, const AuditRecord& record,
               const std::optional<Digest>& before, const std::optional<Digest>& after) {
    const json::array fields{record.sequence,    record.time_ns,         record.actor,
                             record.origin,      record.action,          record.object.kind,
                             record.object.name, digest_or_null(before), digest_or_null(after)};
    std::string bytes(previous.begin(), previous.end());
    return sha256(bytes + json::serialize(fields));
}

// Columns as in `columns`, without the texts and the hash.
AuditRecord record_of(const Query& row) {
    AuditRecord record;
    record.sequence = row.number(0);
    record.time_ns = row.integer(1);
    record.actor = row.text(2);
    record.origin = row.text(3);
    record.action = row.text(4);
    record.object = {row.text(5), row.text(6)};
    record.hash = hex(row.digest(7));
    return record;
}

constexpr auto columns =
    "SELECT a.sequence, a.time, a.actor, a.origin, a.action, a.kind, a.name, a.hash,"
    " b.text, b.digest, c.text, c.digest"
    " FROM audit a LEFT JOIN body b ON b.id = a.before LEFT JOIN body c ON c.id = a.after";

// A condition for every part that is given, so that the index of that part is used.
std::string conditions(const AuditFilter& filter) {
    std::string sql = " WHERE true";
    sql += filter.kind ? " AND a.kind = ?1" : "";
    sql += filter.name ? " AND a.name = ?2" : "";
    sql += filter.actor ? " AND a.actor = ?3" : "";
    sql += filter.from_ns ? " AND a.time >= ?4" : "";
    sql += filter.until_ns ? " AND a.time < ?5" : "";
    return sql;
}

[[noreturn]] void fail_record(std::uint64_t sequence, const std::string& what) {
    fail(Errc::tampered,
         fmt::format("audit record {} {}: somebody wrote into the database past Ringwall; keep the "
                     "file as evidence and compare with a backup",
                     sequence, what));
}

} // namespace

Digest chained(const Digest& previous, const AuditRecord& record) {
    return chained(previous, record, digest_of(record.before), digest_of(record.after));
}

std::uint64_t AuditLog::append(const Author& by, const Event& event) {
    AuditRecord record{.sequence = 1,
                       .time_ns = by.time_ns,
                       .actor = by.actor,
                       .origin = by.origin,
                       .action = event.action,
                       .object = event.object};
    Digest previous{};
    auto last =
        connection_.query("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
    if (last.step()) {
        record.sequence = last.number(0) + 1;
        previous = last.digest(1);
    }
    const auto digest = [](const auto& body) {
        return body ? std::optional(body->digest) : std::nullopt;
    };
    const auto id = [](const auto& body) { return body ? std::optional(body->id) : std::nullopt; };
    connection_.run(
        "INSERT INTO audit (sequence, time, actor, origin, action, kind, name, before, after, hash)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        record.sequence, record.time_ns, record.actor, record.origin, record.action,
        record.object.kind, record.object.name, id(event.before), id(event.after),
        chained(previous, record, digest(event.before), digest(event.after)));
    return record.sequence;
}

Page<AuditRecord> AuditLog::list(const AuditFilter& filter, const PageRequest& request) {
    const auto last = std::numeric_limits<std::int64_t>::max();
    const auto cursor = number_cursor(request.after, filter.oldest_first ? 0 : last);
    const auto where = conditions(filter);
    Transaction transaction(connection_, Transaction::Kind::reading);
    auto rows = connection_.query(
        columns + where +
            (filter.oldest_first ? " AND a.sequence > ?6 ORDER BY a.sequence LIMIT ?7"
                                 : " AND a.sequence < ?6 ORDER BY a.sequence DESC LIMIT ?7"),
        filter.kind, filter.name, filter.actor, filter.from_ns, filter.until_ns, cursor,
        rows_for(request));
    auto page = page_of(
        rows, request,
        [&](Query& row) {
            auto record = record_of(row);
            if (!row.null(8))
                record.before = checked_text(connection_, row, 8, 9);
            if (!row.null(10))
                record.after = checked_text(connection_, row, 10, 11);
            return record;
        },
        [](const AuditRecord& record) { return std::to_string(record.sequence); });
    auto count = connection_.query("SELECT count(*) FROM audit a" + where, filter.kind, filter.name,
                                   filter.actor, filter.from_ns, filter.until_ns);
    count.step();
    page.total = count.number(0);
    return page;
}

AuditProof AuditLog::verify() {
    Transaction transaction(connection_, Transaction::Kind::reading);
    AuditProof proof;
    Digest previous{};
    auto rows = connection_.query(std::string(columns) + " ORDER BY a.sequence");
    while (rows.step()) {
        auto record = record_of(rows);
        if (record.sequence != proof.records + 1)
            fail_record(proof.records + 1, "is missing");
        if (!rows.null(8))
            record.before = rows.text(8);
        if (!rows.null(10))
            record.after = rows.text(10);
        previous = chained(previous, record);
        if (hex(previous) != record.hash)
            fail_record(record.sequence, "does not match its hash");
        proof = {record.sequence, record.hash};
    }
    const auto newest = connection_.integer("SELECT ifnull(max(revision), 0) FROM object");
    if (static_cast<std::uint64_t>(newest) > proof.records)
        fail_record(proof.records + 1, "is missing");
    return proof;
}

} // namespace ringwall::store
