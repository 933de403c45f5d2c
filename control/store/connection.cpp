#include "control/store/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fmt/format.h>
#include <sqlite3.h>

namespace ringwall::store {
namespace {

constexpr int patience_ms = 1000; // with somebody who looks into the file

Errc errc_of(int result, int system_errno) {
    switch (result & 0xff) {
    case SQLITE_FULL:
        return Errc::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return Errc::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return Errc::in_use;
    default:
        return system_errno == ENOSPC || system_errno == EDQUOT ? Errc::full : Errc::io;
    }
}

std::string sentence(Errc code, const std::string& path, const std::string& detail) {
    switch (code) {
    case Errc::full:
        return fmt::format("{}: no space left on the disk; nothing was changed; make room and "
                           "repeat",
                           path);
    case Errc::corrupt:
        return fmt::format("{}: the database is damaged ({}); restore a backup with "
                           "'ringwall-controller restore FILE'",
                           path, detail);
    case Errc::in_use:
        return fmt::format("{}: another process is using the database; end it and try again", path);
    default:
        return fmt::format("{}: {}; nothing was changed; check the disk and the file's rights",
                           path, detail);
    }
}

std::string detail_of(int result, int system_errno, const char* said) {
    const int kind = result & 0xff;
    const bool system = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN;
    return system && system_errno ? fmt::format("{}: {}", said, std::strerror(system_errno)) : said;
}

} // namespace

void fail(Errc code, std::string message) {
    throw Failure{{code, std::move(message)}};
}

void CloseDatabase::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

void FinalizeStatement::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Query::Query(Connection& connection, Statement statement, Statement& home)
    : connection_(connection), statement_(std::move(statement)), home_(home) {}

Query::~Query() {
    if (!statement_)
        return;
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    home_ = std::move(statement_);
}

void Query::bind(int index, std::int64_t value) {
    if (sqlite3_bind_int64(statement_.get(), index, value) != SQLITE_OK)
        connection_.raise();
}

void Query::bind(int index, std::string_view value) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): SQLite's own way to say "copy it"
    const auto copy = SQLITE_TRANSIENT;
    if (sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), copy,
                            SQLITE_UTF8) != SQLITE_OK)
        connection_.raise();
}

void Query::bind(int index, Blob value) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): as above
    const auto copy = SQLITE_TRANSIENT;
    if (sqlite3_bind_blob64(statement_.get(), index, value.bytes.data(), value.bytes.size(),
                            copy) != SQLITE_OK)
        connection_.raise();
}

void Query::bind(int index, const Digest& value) {
    bind(index, Blob{{reinterpret_cast<const char*>(value.data()), value.size()}});
}

bool Query::step() {
    const int result = sqlite3_step(statement_.get());
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        connection_.raise();
    return result == SQLITE_ROW;
}

bool Query::null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Query::text(int column) const {
    const auto* bytes = sqlite3_column_blob(statement_.get(), column);
    const auto size = sqlite3_column_bytes(statement_.get(), column);
    if (size == 0)
        return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Digest Query::digest(int column) const {
    const auto bytes = text(column);
    Digest out{};
    std::memcpy(out.data(), bytes.data(), std::min(bytes.size(), out.size()));
    return out;
}

Connection::Connection(std::string path, Access access) : path_(std::move(path)) {
    const int flags = (access == Access::read     ? SQLITE_OPEN_READONLY
                       : access == Access::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                  : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(path_.c_str(), &opened, flags, nullptr);
    database_.reset(opened);
    if (!database_)
        throw std::bad_alloc();
    if (result != SQLITE_OK)
        raise();
    sqlite3_busy_timeout(database_.get(), patience_ms);
    script("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
           "PRAGMA temp_store=MEMORY; PRAGMA synchronous=FULL");
}

std::int64_t Connection::integer(std::string_view sql) {
    auto row = query(sql);
    if (!row.step())
        damaged("a row is missing");
    return row.integer(0);
}

void Connection::script(const std::string& sql) {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        raise();
}

void Connection::raise() const {
    const int result = sqlite3_extended_errcode(database_.get());
    const int system_errno = sqlite3_system_errno(database_.get());
    const auto code = errc_of(result, system_errno);
    fail(code,
         sentence(code, path_, detail_of(result, system_errno, sqlite3_errmsg(database_.get()))));
}

void Connection::damaged(const std::string& detail) const {
    fail(Errc::corrupt, sentence(Errc::corrupt, path_, detail));
}

Statement& Connection::cached(std::string_view sql) {
    const auto known = statements_.find(sql);
    return known != statements_.end() ? known->second : statements_[std::string(sql)];
}

Statement Connection::prepare(std::string_view sql) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK)
        raise();
    return Statement(prepared);
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
    connection_.script(kind == Kind::writing ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
    if (!sqlite3_get_autocommit(connection_.handle()))
        sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
    connection_.script("COMMIT");
}

} // namespace ringwall::store
