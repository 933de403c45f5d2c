#include "agent/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "agent/fd.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;

std::unexpected<FileError> failed(const std::string& path, std::string_view step) {
    return std::unexpected(
        FileError{FileErrc::io, fmt::format("{}: {}: {}", path, step, std::strerror(errno))});
}

std::expected<void, FileError> make_parents(const fs::path& directory) {
    std::error_code error;
    if (fs::is_directory(directory, error))
        return {};
    fs::create_directories(directory, error);
    if (error)
        return std::unexpected(
            FileError{FileErrc::io,
                      fmt::format("{}: cannot be made: {}", directory.string(), error.message())});
    fs::permissions(directory, fs::perms::owner_all, error);
    return {};
}

std::expected<void, FileError> fill(const std::string& path, std::string_view content) {
    Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file)
        return failed(path, "cannot be written");
    while (!content.empty()) {
        const auto written = write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return failed(path, "cannot be written");
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fsync(file.get()) < 0)
        return failed(path, "cannot be made durable");
    return {};
}

std::expected<void, FileError> check_one(const fs::path& path) {
    struct stat info{};
    if (stat(path.c_str(), &info) < 0)
        return failed(path.string(), "cannot be read");
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return std::unexpected(FileError{
            FileErrc::untrusted,
            fmt::format("{}: belongs to user {}: whoever owns the policy owns the firewall; "
                        "run 'chown root {}'",
                        path.string(), info.st_uid, path.string())});
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        return std::unexpected(
            FileError{FileErrc::untrusted,
                      fmt::format("{}: mode {:04o} lets others write it; run 'chmod go-w {}'",
                                  path.string(), info.st_mode & 07777, path.string())});
    return {};
}

} // namespace

std::expected<std::string, FileError> read_file(const std::string& path) {
    std::error_code error;
    if (fs::is_directory(path, error))
        return std::unexpected(FileError{FileErrc::io, path + ": is a directory, not a file"});
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return failed(path, "cannot be read");
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

std::expected<void, FileError> write_file(const std::string& path, std::string_view content) {
    const auto directory = fs::absolute(path).parent_path();
    if (auto made = make_parents(directory); !made)
        return made;
    const auto temporary = path + ".new";
    if (auto filled = fill(temporary, content); !filled)
        return filled;
    if (rename(temporary.c_str(), path.c_str()) < 0)
        return failed(path, "cannot be replaced");
    Fd parent(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent || fsync(parent.get()) < 0)
        return failed(directory.string(), "cannot be made durable");
    return {};
}

std::expected<void, FileError> check_trust(const std::string& path) {
    if (auto checked = check_one(path); !checked)
        return checked;
    std::error_code error;
    if (!fs::is_directory(path, error))
        return {};
    fs::directory_iterator entries(path, error);
    if (error)
        return std::unexpected(FileError{FileErrc::io, path + ": " + error.message()});
    for (const auto& entry : entries) {
        const auto suffix = entry.path().extension();
        if (suffix != ".yaml" && suffix != ".yml" && suffix != ".json")
            continue;
        if (auto checked = check_one(entry.path()); !checked)
            return checked;
    }
    return {};
}

} // namespace ringwall::agent
