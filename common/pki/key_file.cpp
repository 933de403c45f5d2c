#include "common/pki/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace ringwall::pki {
namespace {

constexpr std::size_t largest = 65536;

class File {
  public:
    File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (fd_ >= 0)
            close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    File(File&&) = delete;
    File& operator=(File&&) = delete;
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_;
};

std::unexpected<Error> refuse(std::string message) {
    return std::unexpected(Error{Errc::untrusted_file, std::move(message)});
}

std::unexpected<Error> failed(const std::string& path, std::string_view step) {
    return std::unexpected(
        Error{Errc::io, fmt::format("{}: {}: {}", path, step, std::strerror(errno))});
}

Result<void> fill(const std::string& path, std::string_view content) {
    unlink(path.c_str()); // of a writer that was killed
    const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!file || fchmod(file.get(), 0600) < 0)
        return failed(path, "cannot be made");
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

Result<void> replace(const std::string& temporary, const std::string& path) {
    if (rename(temporary.c_str(), path.c_str()) < 0)
        return failed(path, "cannot be replaced");
    const auto directory = std::filesystem::absolute(path).parent_path().string();
    const File parent(directory, O_RDONLY | O_DIRECTORY);
    if (!parent || fsync(parent.get()) < 0)
        return failed(directory, "cannot be made durable");
    return {};
}

Result<void> check_rights(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode))
        return refuse(path + ": is not a regular file; a key is kept in one");
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return refuse(fmt::format("{}: belongs to user {}, who could read or replace the secret; "
                                  "run 'chown root {}' and make a new key if that user is not you",
                                  path, info.st_uid, path));
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(fmt::format("{}: mode {:04o} lets others at the secret; run 'chmod 600 {}' "
                                  "and make a new key if they may have read it",
                                  path, info.st_mode & 07777, path));
    return {};
}

Result<std::string> read_all(const std::string& path, int fd) {
    std::string out(largest + 1, '\0');
    std::size_t size = 0;
    while (size < out.size()) {
        const auto got = read(fd, out.data() + size, out.size() - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(path, "cannot be read");
        if (got == 0)
            break;
        size += static_cast<std::size_t>(got);
    }
    if (size > largest)
        return std::unexpected(Error{
            Errc::too_big,
            fmt::format("{}: is larger than {} bytes; this is not a file of ours", path, largest)});
    out.resize(size);
    return out;
}

} // namespace

Result<void> save_secret(const std::string& path, std::string_view content) {
    const auto temporary = path + ".new";
    auto saved = fill(temporary, content);
    if (saved)
        saved = replace(temporary, path);
    if (!saved)
        unlink(temporary.c_str());
    return saved;
}

Result<std::string> load_secret(const std::string& path) {
    const File file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file && errno == ELOOP)
        return refuse(path + ": is a symbolic link; give the file itself");
    struct stat info{};
    if (!file || fstat(file.get(), &info) < 0)
        return failed(path, "cannot be read");
    if (auto checked = check_rights(path, info); !checked)
        return std::unexpected(checked.error());
    return read_all(path, file.get());
}

Result<void> save_key(const std::string& path, const PrivateKey& key) {
    return save_secret(path, key.pem());
}

Result<PrivateKey> load_key(const std::string& path) {
    auto pem = load_secret(path);
    if (!pem)
        return std::unexpected(pem.error());
    auto key = PrivateKey::parse(*pem);
    if (!key)
        return std::unexpected(Error{key.error().code, path + ": " + key.error().message});
    return key;
}

} // namespace ringwall::pki
