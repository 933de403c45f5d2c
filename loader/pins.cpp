#include "loader/pins.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ringwall::loader {

namespace fs = std::filesystem;

Result<Pins> Pins::open(const std::string& directory) {
    const std::string parent = fs::path(directory).parent_path();
    if (auto mounted = ensure_bpffs(parent); !mounted)
        return std::unexpected(mounted.error());
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return std::unexpected(Error{Errc::io, "cannot make the pin directory " + directory + ": " +
                                                   std::strerror(errno)});
    Pins pins;
    pins.directory_ = directory;
    pins.lock_ = Fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!pins.lock_)
        return std::unexpected(
            Error{Errc::io, "cannot open " + directory + ": " + std::strerror(errno)});
    if (flock(pins.lock_.get(), LOCK_EX | LOCK_NB) != 0)
        return std::unexpected(
            Error{Errc::in_use, "another agent uses " + directory +
                                    "; stop it, or give this one its own --pin-dir"});
    return pins;
}

void Pins::forget_maps(const std::vector<std::string>& names) const {
    for (const auto& name : names)
        unlink(map(name).c_str());
}

void Pins::remove_all() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory_, ignored))
        unlink(entry.path().c_str());
    rmdir(directory_.c_str());
}

} // namespace ringwall::loader
