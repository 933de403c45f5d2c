// Tells when a policy file or directory may have changed.
#pragma once

#include <expected>
#include <string>

#include "agent/fd.h"
#include "agent/files.h"

namespace ringwall::agent {

class Watch {
  public:
    // A file is watched through its directory, so that editors that rename are seen.
    static std::expected<Watch, FileError> on(const std::string& path);
    int fd() const { return inotify_.get(); }
    // Reads what waits; true when it concerns the watched path.
    bool drain();

  private:
    Fd inotify_;
    std::string file_; // name within the watched directory; empty: the directory itself
};

} // namespace ringwall::agent
