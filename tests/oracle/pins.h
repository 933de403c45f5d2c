// A bpffs in a mount namespace of this process, so that it is gone with it, however it ends.
#pragma once

#include <string>

namespace ringwall::oracle {

class PinDirectory {
  public:
    PinDirectory();
    ~PinDirectory();
    PinDirectory(const PinDirectory&) = delete;
    PinDirectory& operator=(const PinDirectory&) = delete;
    std::string path() const { return x_mount + "/pins"; }

  private:
    std::string x_mount;
};

} // namespace ringwall::oracle
