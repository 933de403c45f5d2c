#include "control/store/backup.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio> // renameat2
#include <filesystem>
#include <tuple>

#include <fmt/format.h>
#include <sqlite3.h>

#include "control/store/audit_log.h"
#include "control/store/connection.h"
#include "control/store/database_file.h"
#include "control/store/schema.h"
#include "control/store/store.h"

namespace ringwall::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_file(const std::string& file, const std::error_code& error) {
    const bool full = error == std::errc::no_space_on_device;
    fail(full ? Errc::full : Errc::io,
         fmt::format("{}: {}; {}", file, error.message(),
                     full ? "make room there and repeat"
                          : "check the disk and the directory's rights"));
}

// Removed at its end, with what SQLite puts beside it, unless it got its name.
class NewFile {
  public:
    explicit NewFile(std::string path) : path_(std::move(path)) {
        remove();
        create_private(path_);
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    NewFile(NewFile&&) = delete;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile() { remove(); }

    const std::string& path() const { return path_; }
    void rename_to(const std::string& name, unsigned flags) {
        sync_file(path_);
        if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name.c_str(), flags) != 0)
            fail_file(name, {errno, std::generic_category()});
        sync_file(name);
    }

  private:
    void remove() const {
        std::error_code ignored;
        for (const char* suffix : {"", "-journal", "-wal", "-shm"})
            fs::remove(path_ + suffix, ignored);
    }
    std::string path_;
};

// All pages as of one moment, whoever writes meanwhile. The copy is one file, without a WAL.
void copy_pages(Connection& from, Connection& to) {
    sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    if (!backup)
        to.raise();
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
        to.raise();
    to.script("PRAGMA journal_mode=DELETE");
}

std::string before_restore(const std::string& path) {
    return path + ".before-restore";
}

bool exists(const std::string& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
}

void refuse_to_lose(const std::string& path) {
    const auto kept = before_restore(path);
    std::error_code ignored;
    if (exists(kept) ? !fs::equivalent(kept, path, ignored) : exists(kept + "-wal"))
        fail(Errc::exists, fmt::format("{} or its -wal is there already, kept by an earlier "
                                       "restore; move both away first",
                                       kept));
}

// After this a sound database has all its content in the one file.
void settle(const std::string& path) {
    std::ignore = guarded([&] {
        Connection connection(path, Access::write);
        connection.script("PRAGMA wal_checkpoint(TRUNCATE)");
    });
}

// The database goes on existing under its own name until the new one takes it.
void keep_beside(const std::string& path) {
    const auto kept = before_restore(path);
    std::error_code error;
    if (exists(path + "-wal"))
        fs::copy_file(path + "-wal", kept + "-wal", fs::copy_options::overwrite_existing, error);
    if (error)
        fail_file(kept + "-wal", error);
    settle(path);
    fs::remove(kept, error);
    fs::create_hard_link(path, kept, error);
    if (error)
        fail_file(kept, error);
    // A WAL of the old database must never be read into the new one.
    for (const char* suffix : {"-wal", "-shm"})
        if (fs::remove(path + suffix, error); error)
            fail_file(path + suffix, error);
    sync_file(path);
}

void restore(const std::string& backup, const std::string& path) {
    const FileLock lock(path);
    refuse_to_lose(path);
    NewFile fresh(path + ".restoring");
    {
        Connection source(backup, Access::read);
        check_integrity(source, Depth::full);
        if (source.integer("PRAGMA user_version") == 0)
            fail(Errc::invalid,
                 fmt::format("{}: this is no backup of Ringwall; name another file", backup));
        check_schema(source);
        Connection copy(fresh.path(), Access::write);
        copy_pages(source, copy);
        migrate(copy);
        AuditLog(copy).verify();
    }
    if (exists(path))
        keep_beside(path);
    fresh.rename_to(path, 0);
}

} // namespace

void back_up(const std::string& database, const std::string& file) {
    if (exists(file))
        fail(Errc::exists,
             fmt::format("{} exists already; a backup is a new file, choose another name", file));
    NewFile fresh(file + ".unfinished");
    {
        Connection source(database, Access::read);
        Connection copy(fresh.path(), Access::write);
        copy_pages(source, copy);
        check_integrity(copy, Depth::quick);
    }
    fresh.rename_to(file, RENAME_NOREPLACE);
}

Result<void> restore_sqlite(const std::string& backup, const std::string& path) {
    return guarded([&] { restore(backup, path); });
}

} // namespace ringwall::store
