#include "agent/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ringwall::agent {

namespace fs = std::filesystem;

std::expected<Watch, FileError> Watch::on(const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path);
    const bool directory = fs::is_directory(absolute, error);
    const auto watched = directory ? absolute : absolute.parent_path();
    Watch watch;
    watch.file_ = directory ? std::string{} : absolute.filename().string();
    watch.inotify_ = Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    constexpr auto what = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE |
                          IN_ATTRIB | IN_ONLYDIR;
    if (!watch.inotify_ || inotify_add_watch(watch.inotify_.get(), watched.c_str(), what) < 0)
        return std::unexpected(
            FileError{FileErrc::io,
                      watched.string() + ": changes cannot be watched: " + std::strerror(errno)});
    return watch;
}

bool Watch::drain() {
    alignas(inotify_event) char buffer[4096];
    bool concerned = false;
    for (;;) {
        const auto size = read(inotify_.get(), buffer, sizeof buffer);
        if (size <= 0)
            return concerned;
        for (auto* at = buffer; at < buffer + size;) {
            inotify_event event;
            std::memcpy(&event, at, sizeof event);
            const std::string name = event.len ? at + sizeof event : "";
            concerned = concerned || file_.empty() || name == file_;
            at += sizeof event + event.len;
        }
    }
}

} // namespace ringwall::agent
