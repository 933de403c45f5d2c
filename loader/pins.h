// The directory on bpffs where maps and links outlive the agent. One agent owns it (flock).
#pragma once

#include <string>
#include <vector>

#include "loader/datapath.h"
#include "loader/handle.h"

namespace ringwall::loader {

class Pins {
  public:
    static Result<Pins> open(const std::string& directory);

    std::string map(const std::string& name) const { return directory_ + "/" + name; }
    std::string link(const std::string& program) const { return directory_ + "/link_" + program; }
    const std::string& directory() const { return directory_; }

    // Removes the pins of maps; programs that use them keep them alive.
    void forget_maps(const std::vector<std::string>& names) const;
    // Removes everything and the directory itself.
    void remove_all() const;

  private:
    std::string directory_;
    Fd lock_;
};

} // namespace ringwall::loader
