#include "control/store/schema.h"

#include <array>

#include <fmt/format.h>

namespace ringwall::store {
namespace {

constexpr std::int64_t application_id = 0x52575331; // "RWS1"

// body: every text once, under its SHA-256.
// version_object: an object with one body from version `since` until before version `until`, so
// a version costs only what it changes.
// audit: append-only, as are versions; the triggers hold against this program's own mistakes.
constexpr auto first = R"(
CREATE TABLE body (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    text TEXT NOT NULL) STRICT;
CREATE TABLE object (
    kind TEXT NOT NULL, name TEXT NOT NULL,
    body INTEGER NOT NULL REFERENCES body,
    revision INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE version (
    number INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL, note TEXT NOT NULL,
    rollback_to INTEGER NOT NULL, changes INTEGER NOT NULL) STRICT;
CREATE TABLE version_object (
    kind TEXT NOT NULL, name TEXT NOT NULL,
    since INTEGER NOT NULL REFERENCES version, until INTEGER REFERENCES version,
    body INTEGER NOT NULL REFERENCES body,
    revision INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
    PRIMARY KEY (kind, name, since)) STRICT, WITHOUT ROWID;
CREATE INDEX version_object_newest ON version_object (kind, name) WHERE until IS NULL;
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL,
    action TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    before INTEGER REFERENCES body, after INTEGER REFERENCES body,
    hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;
CREATE INDEX audit_object ON audit (kind, name);
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_time ON audit (time);
CREATE TABLE receipt (
    actor TEXT NOT NULL, key TEXT NOT NULL,
    request BLOB NOT NULL, answer TEXT NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY (actor, key)) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_time ON receipt (time);

CREATE TRIGGER audit_update BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER body_update BEFORE UPDATE ON body
    BEGIN SELECT raise(ABORT, 'a body never changes'); END;
CREATE TRIGGER version_update BEFORE UPDATE ON version
    BEGIN SELECT raise(ABORT, 'a version never changes'); END;
CREATE TRIGGER version_delete BEFORE DELETE ON version
    BEGIN SELECT raise(ABORT, 'a version never changes'); END;
CREATE TRIGGER version_object_delete BEFORE DELETE ON version_object
    BEGIN SELECT raise(ABORT, 'a version never changes'); END;
CREATE TRIGGER version_object_update
    BEFORE UPDATE OF kind, name, since, body, revision, created, changed ON version_object
    BEGIN SELECT raise(ABORT, 'a version never changes'); END;
CREATE TRIGGER version_object_end BEFORE UPDATE OF until ON version_object
    WHEN old.until IS NOT NULL
    BEGIN SELECT raise(ABORT, 'a version never changes'); END;
)";

// memory: what the controller itself has to know after a restart.
constexpr auto second = R"(
CREATE TABLE memory (
    kind TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
)";

constexpr std::array all_steps = {first, second};

bool blank(Connection& connection) {
    return connection.integer("SELECT count(*) FROM sqlite_schema") == 0 &&
           connection.integer("PRAGMA user_version") == 0;
}

} // namespace

std::span<const Step> schema_steps() {
    return all_steps;
}

void check_schema(Connection& connection, std::span<const Step> steps) {
    if (!blank(connection) && connection.integer("PRAGMA application_id") != application_id)
        fail(
            Errc::invalid,
            fmt::format("{}: this is a SQLite database, but not one of Ringwall; name another file",
                        connection.path()));
    const auto version = connection.integer("PRAGMA user_version");
    if (version > std::ssize(steps))
        fail(Errc::newer, fmt::format("{}: written by a newer Ringwall (schema {}, this one knows "
                                      "{}); start that version, or restore an older backup",
                                      connection.path(), version, steps.size()));
}

void migrate(Connection& connection, std::span<const Step> steps) {
    check_schema(connection, steps);
    if (blank(connection))
        connection.script(fmt::format("PRAGMA application_id={}", application_id));
    const auto version = connection.integer("PRAGMA user_version");
    for (auto next = version + 1; next <= std::ssize(steps); ++next) {
        Transaction transaction(connection, Transaction::Kind::writing);
        connection.script(steps[static_cast<std::size_t>(next - 1)]);
        connection.script(fmt::format("PRAGMA user_version={}", next));
        transaction.commit();
    }
}

} // namespace ringwall::store
