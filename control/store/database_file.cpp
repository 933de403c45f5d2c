#include "control/store/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace ringwall::store {
namespace {

[[noreturn]] void fail_on(const std::string& file, int error) {
    const bool full = error == ENOSPC || error == EDQUOT;
    fail(full ? Errc::full : Errc::io,
         fmt::format("{}: {}; {}", file, std::strerror(error),
                     full ? "make room there and repeat"
                          : "check the disk and the directory's rights"));
}

void sync_path(const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC);
    const int result = fd < 0 ? -1 : fsync(fd);
    const int error = errno;
    if (fd >= 0)
        close(fd);
    if (result != 0)
        fail_on(path, error);
}

} // namespace

FileLock::FileLock(const std::string& database)
    : fd_(open((database + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ < 0)
        fail_on(database + ".lock", errno);
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0)
        return;
    const int error = errno;
    close(fd_);
    if (error != EWOULDBLOCK)
        fail_on(database + ".lock", error);
    fail(Errc::in_use, fmt::format("{}: another process is using the database, probably a running "
                                   "ringwall-controller; stop it first",
                                   database));
}

FileLock::~FileLock() {
    close(fd_);
}

void create_private(const std::string& file) {
    const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_on(file, errno);
    close(fd);
}

void sync_file(const std::string& file) {
    sync_path(file, O_RDONLY);
    const auto directory = std::filesystem::absolute(file).parent_path();
    sync_path(directory.string(), O_RDONLY | O_DIRECTORY);
}

void check_integrity(Connection& connection, Depth depth) {
    auto findings = connection.query(depth == Depth::quick ? "PRAGMA quick_check(1)"
                                                           : "PRAGMA integrity_check(1)");
    while (findings.step())
        if (const auto finding = findings.text(0); finding != "ok")
            connection.damaged(finding);
}

} // namespace ringwall::store
